// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.peer;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Supplier;

/**
 * Keeps what one thread changes off the cache lines of what the other uses, as it is when each
 * thread makes its own. Objects that one thread makes in a row lie beside each other, and then each
 * position that moves costs the other thread a miss: that measures the harness.
 */
final class Apart {
  // Two pairs of lines, because the hardware fetches lines in pairs.
  private static final int GAP = 256;

  // Kept with their gaps, which a collector would close otherwise.
  private static final Queue<Object[]> KEPT = new ConcurrentLinkedQueue<>();

  private Apart() {}

  static <T> T of(Supplier<T> maker) {
    byte[] before = new byte[GAP];
    T made = maker.get();
    KEPT.add(new Object[] {before, made, new byte[GAP]});
    return made;
  }
}
