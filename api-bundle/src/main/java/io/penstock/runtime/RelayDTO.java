// SPDX-License-Identifier: Apache-2.0
package io.penstock.runtime;

import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ProviderType;

/**
 * A relay that has not ended. Immutable.
 *
 * @param id a number of its own among all objects of this runtime, for as long as it lives
 * @param name of the relay
 * @param owner which bundle made it; empty for one that a configuration made, or without OSGi
 * @param from its one side, without secrets
 * @param to its other side, without secrets
 * @param active how many connections go through it
 * @param forwarded bytes that went from the one side to the other
 * @param returned bytes that went the other way
 * @param forwardBuffers the system's buffers for what goes from the one side to the other
 * @param returnBuffers the system's buffers for what goes the other way
 * @param paused whether {@link PenstockControl#pause} holds it
 * @param fault what the last connection that failed met; null if none has
 */
@ProviderType
public record RelayDTO(
    long id,
    String name,
    String owner,
    String from,
    String to,
    int active,
    RateDTO forwarded,
    RateDTO returned,
    RelayBuffersDTO forwardBuffers,
    RelayBuffersDTO returnBuffers,
    boolean paused,
    @Nullable FaultDTO fault) {}
