// SPDX-License-Identifier: Apache-2.0

/**
 * Runs the command line, in the OSGi container inside the runnable jar where it needs one.
 *
 * <p>A relay between kinds of the core bundles, a command for another container and the help need
 * none. They run with the classes of these bundles on the class path, which starts in half of the
 * time: those can be archived, and no framework has to be started. All else runs in a container.
 *
 * <p>The jar holds the Felix framework's classes and, under {@code bundles/}, whole bundles in five
 * folders: {@code core} for every command line, {@code ssh} for those that name it, all when the
 * container is asked to stay; {@code console} is not started without a terminal. Within a folder
 * bundles start in name order and stop in the opposite one. What joins the launcher and the bundles
 * are three services with types of the JDK:
 *
 * <table>
 * <caption>Services between the launcher and the command line's bundle</caption>
 * <tr><th>service</th><th>property</th><th>registered by</th><th>meaning</th></tr>
 * <tr><td>{@code Supplier}</td><td>{@code penstock.arguments=true}</td><td>launcher</td>
 *     <td>the arguments, a {@code String[]} that the caller may keep</td></tr>
 * <tr><td>{@code Callable}</td><td>{@code penstock.main=true}</td><td>bundle</td>
 *     <td>called once, on the main thread; its {@code Integer} is the exit status</td></tr>
 * <tr><td>{@code Function}</td><td>{@code penstock.container=true}</td><td>launcher</td>
 *     <td>starts the other bundles, waits until the framework has stopped and ends the virtual
 *     machine; returns an exit status only when it could not start. Takes a map with {@code conf},
 *     a folder of configuration files, and {@code log}, one of {@code error}, {@code warn},
 *     {@code info} and {@code debug}, both optional</td></tr>
 * </table>
 *
 * <p>{@code System.out} is standard error from the start, so that nothing a bundle prints can get
 * into the bytes of a relay; standard output itself is {@code FileDescriptor.out}.
 */
@NullMarked
package io.penstock.launcher;

import org.jspecify.annotations.NullMarked;
