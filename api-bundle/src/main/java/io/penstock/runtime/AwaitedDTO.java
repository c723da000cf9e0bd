// SPDX-License-Identifier: Apache-2.0
package io.penstock.runtime;

import org.osgi.annotation.versioning.ProviderType;

/**
 * Something that is configured and not there: a channel that is not connected, a listener that is
 * not bound, a relay or a pipe that has ended. It is tried again unless {@code why} says otherwise.
 * Immutable.
 *
 * @param name the configured name
 * @param pid of the configuration
 * @param kind {@code pipe}, {@code channel}, {@code listener} or {@code relay}
 * @param since since when it has not been there, in milliseconds since 1970
 * @param tries how many tries have failed since then
 * @param why what the last of them met; empty before the first
 */
@ProviderType
public record AwaitedDTO(String name, String pid, String kind, long since, int tries, String why) {}
