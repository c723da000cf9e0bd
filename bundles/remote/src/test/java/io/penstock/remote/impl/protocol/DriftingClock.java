// SPDX-License-Identifier: Apache-2.0
package io.penstock.remote.impl.protocol;

import java.util.Random;

/** A clock with a start and a rate of its own. */
final class DriftingClock {
  /** By what part of the time a clock is too fast or too slow, at the most. */
  private static final double DRIFT = 0.01;

  private final long offset;
  private final double drift;

  DriftingClock(Random random) {
    this.offset = random.nextLong() >> 2;
    this.drift = (2 * random.nextDouble() - 1) * DRIFT;
  }

  /** What it shows at a time. */
  long at(long when) {
    return offset + when + (long) ((double) when * drift);
  }

  /** When it shows a time; not before. */
  long whenItShows(long time) {
    return 1 + (long) ((double) (time - offset) / (1 + drift));
  }
}
