// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.core;

import io.penstock.impl.engine.Lookout;
import org.jspecify.annotations.Nullable;

/**
 * What an end has for the one call that waits with the turn; made for the first that does, because
 * most connections of a poller never have one.
 */
final class Sleeps {
  /** The limit of that call. Belongs to the holder of the turn. */
  final Limit limit;

  /** Of the last wait. Written before the sleeper is announced, read after it was found. */
  @Nullable Lookout lookout;

  /** When the last wait began, by the parker's clock. */
  volatile long since;

  /** How often a thread was parked. Written by the holder of the turn. */
  long count;

  Sleeps(End end) {
    this.limit = new Limit(null, end);
  }
}
