// SPDX-License-Identifier: Apache-2.0
package io.penstock.runtime;

import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ProviderType;

/**
 * A channel that is not closed yet. Immutable.
 *
 * @param id a number of its own among all objects of this runtime, for as long as it lives
 * @param name of the channel
 * @param owner which bundle made it; empty for one that a configuration made, or without OSGi
 * @param kind the scheme, such as {@code tcp}
 * @param endpoint where it connects to, or of the listener that accepted it; without secrets
 * @param local its own address; null if the kind has none
 * @param peer the peer's address; null if the kind has none
 * @param state how it stands
 * @param source where it is read
 * @param sink where it is written
 * @param fault what its transport met last; null if nothing
 */
@ProviderType
public record ChannelDTO(
    long id,
    String name,
    String owner,
    String kind,
    String endpoint,
    @Nullable String local,
    @Nullable String peer,
    State state,
    EndDTO source,
    EndDTO sink,
    @Nullable FaultDTO fault) {
  /** How a channel stands. */
  public enum State {
    /** Not connected yet. */
    CONNECTING,
    /** Bytes can move. */
    CONNECTED,
    /** Its transport has failed; it is to be closed. */
    FAILED,
    /** Closed here; what was written is on its way still. */
    CLOSING
  }
}
