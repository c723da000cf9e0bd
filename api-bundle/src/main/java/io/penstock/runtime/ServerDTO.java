// SPDX-License-Identifier: Apache-2.0
package io.penstock.runtime;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ProviderType;

/**
 * A handler that is served. Immutable.
 *
 * @param serviceId {@code service.id} of the handler; without OSGi another number of its own
 * @param name {@code penstock.name}, or one made of the service's identity
 * @param handler the class of the handler
 * @param endpoint where it listens or connects to, without secrets
 * @param connects whether it connects; it listens otherwise
 * @param trouble why an outgoing connection is not there; null if it is, or is being made for the
 *     first time
 * @param framing how connections are cut into frames
 * @param execution {@code poller}, {@code pool} or {@code virtual}: the threads that it really has
 * @param opened how many connections there have been
 * @param frames how many frames the handler has been called for
 * @param faults how many calls of the handler threw
 * @param lastFault what the last of them threw; null before the first
 * @param lastFaultAt when, in milliseconds since 1970; 0 before the first
 * @param connections the connections that are open
 */
@ProviderType
public record ServerDTO(
    long serviceId,
    String name,
    String handler,
    String endpoint,
    boolean connects,
    @Nullable String trouble,
    String framing,
    String execution,
    long opened,
    long frames,
    long faults,
    @Nullable String lastFault,
    long lastFaultAt,
    List<ConnectionDTO> connections) {}
