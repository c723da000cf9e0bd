// SPDX-License-Identifier: Apache-2.0
/**
 * The container's shell for users that log in at a listener, for example over SSH. Nothing here is
 * for other bundles.
 *
 * <p>{@link io.penstock.shell.ShellComponent} accepts, {@link io.penstock.shell.Visit} serves one
 * peer.
 */
@NullMarked
package io.penstock.shell;

import org.jspecify.annotations.NullMarked;
