// SPDX-License-Identifier: Apache-2.0
package io.penstock.runtime;

import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Something that an operator may want to know of. Immutable.
 *
 * @param type what has happened
 * @param object {@code pipe}, {@code channel}, {@code listener}, {@code relay} or {@code handler}
 * @param name of the object
 * @param endpoint of the object, without secrets; empty for a pipe
 * @param peer the peer's address; null if there is none
 * @param cause why; null if nothing failed
 * @param at when, in milliseconds since 1970
 */
@ProviderType
public record PenstockEvent(
    Type type,
    String object,
    String name,
    String endpoint,
    @Nullable String peer,
    @Nullable String cause,
    long at) {
  /** What can happen. */
  public enum Type {
    /** It was made; a channel may still be connecting. */
    OPEN,
    /** A channel is connected, a listener bound, a relay started, or a handler served. */
    READY,
    /** An operator has paused it. */
    PAUSED,
    /** An operator has let it go on. */
    RESUMED,
    /** It has failed, or could not be made. */
    FAILED,
    /** It was closed, or has ended. */
    CLOSED,
    /** Its configuration has changed, and holds now. */
    RECONFIGURED
  }
}
