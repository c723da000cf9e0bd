// SPDX-License-Identifier: Apache-2.0
package io.penstock.runtime;

import java.util.List;
import org.osgi.annotation.versioning.ProviderType;

/**
 * A source or a sink. Immutable; consistent in itself as far as no byte is counted twice.
 *
 * @param bytes that a source has given, or a sink has taken
 * @param operations that have moved bytes; a call of several steps counts each
 * @param buffered bytes that are in memory and may be read from the source, or that the sink has
 *     taken and not sent yet; what the operating system holds does not count
 * @param waits how often a thread was parked here
 * @param waiting the threads that are parked here now
 * @param polled whether a poller has it registered
 * @param paused whether {@link PenstockControl#pause} holds it
 * @param ended whether the end of the stream was met, or sent
 * @param open whether it was not closed on this side
 */
@ProviderType
public record EndDTO(
    RateDTO bytes,
    RateDTO operations,
    long buffered,
    long waits,
    List<WaitDTO> waiting,
    boolean polled,
    boolean paused,
    boolean ended,
    boolean open) {}
