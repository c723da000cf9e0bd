// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats.impl.pipe;

import java.util.NavigableMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Which message has which position, of what has come. Guarded by the lock of the content. */
final class Spots {
  private static final int MANY = 4096;
  private static final long FAR = 1 << 20;

  /** A message and the position of its first byte, with the epoch of its writer. */
  record Spot(long position, long sequence, long epoch) {}

  private final NavigableMap<Long, Spot> all = new TreeMap<>();

  /** One has come. Among very many, some are left out. */
  void add(long position, long sequence, long epoch) {
    if (all.size() < MANY || position - all.lastKey() >= FAR) {
      all.put(position, new Spot(position, sequence, epoch));
    }
  }

  /** The last one at a position or before; null if none is known. */
  @Nullable Spot at(long position) {
    var entry = all.floorEntry(position);
    return entry == null ? null : entry.getValue();
  }

  /**
   * Forgets those that end before a position; the first one that is needed then, if it is known.
   */
  @Nullable Spot dropBefore(long position) {
    Spot needed = at(position);
    if (needed != null) {
      all.headMap(needed.position(), false).clear();
    }
    return needed;
  }

  void clear() {
    all.clear();
  }
}
