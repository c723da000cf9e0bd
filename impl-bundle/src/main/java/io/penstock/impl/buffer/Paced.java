// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.buffer;

/** A driver that fetches its state from another core, and knows how long it can go on without. */
public interface Paced {
  /** How many bytes can be moved before the other side's state must be fetched anew. */
  long cached();

  /**
   * Fetches the memory that comes next, while a caller looks for news of it: then both come from
   * the other core at the same time. For the holder of the turn.
   */
  default void fetchNext() {}
}
