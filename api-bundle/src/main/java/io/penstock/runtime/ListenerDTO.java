// SPDX-License-Identifier: Apache-2.0
package io.penstock.runtime;

import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ProviderType;

/**
 * A listener that is bound. Immutable.
 *
 * @param id a number of its own among all objects of this runtime, for as long as it lives
 * @param name of the listener
 * @param owner which bundle made it; empty for one that a configuration made, or without OSGi
 * @param kind the scheme, such as {@code tcp-listen}
 * @param endpoint with the port that it really has; without secrets
 * @param accepted how many connections it has accepted
 * @param connections how many of them are open
 * @param maxConnections how many may be
 * @param held why it does not accept now: {@code paused}, {@code full}, or {@code exhausted} when
 *     the system has no descriptor left; null if it does
 * @param fault why accepting failed last; null if it never did
 */
@ProviderType
public record ListenerDTO(
    long id,
    String name,
    String owner,
    String kind,
    String endpoint,
    RateDTO accepted,
    int connections,
    int maxConnections,
    @Nullable String held,
    @Nullable FaultDTO fault) {}
