// SPDX-License-Identifier: Apache-2.0
package io.penstock.runtime;

import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ProviderType;

/**
 * An endpoint that is published under a name. Immutable.
 *
 * @param name by which it is found
 * @param node the container that publishes it
 * @param endpoint where it is, without secrets
 * @param rank of several with one name the highest is tried first
 * @param tags by which one of several is chosen
 * @param state what is known of it
 * @param heard when its container showed the last sign of life, in milliseconds since 1970; 0 where
 *     containers show none
 * @param channels how many channels of this container are open to it
 * @param trouble why it could not be stored, or why the last connection to it failed; null if
 *     neither has happened
 */
@ProviderType
public record RemoteEntryDTO(
    String name,
    String node,
    String endpoint,
    int rank,
    Map<String, String> tags,
    State state,
    long heard,
    int channels,
    @Nullable String trouble) {
  /** What is known of an entry. */
  public enum State {
    /** This container publishes it, and the registry has it. */
    PUBLISHED,
    /** This container publishes it, and the registry does not have it yet. */
    PENDING,
    /** Its container is alive; it is connected to. */
    ALIVE,
    /** Its container was asked and has not answered yet; it is not connected to. */
    ASKED,
    /** Its container is dead, or cannot be reached; it is not connected to. */
    DEAD
  }
}
