// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.engine;

import java.time.Duration;
import java.util.function.DoubleSupplier;

/**
 * How long to wait before the next try: longer each time, up to a limit, and jittered so that many
 * channels that lost the same peer do not come back at once. Not safe for use by several threads.
 */
public final class Backoff {
  private final DoubleSupplier random;
  private Duration last = Duration.ZERO;
  private int failures;

  /** With a source of numbers from 0 to 1. */
  public Backoff(DoubleSupplier random) {
    this.random = random;
  }

  /**
   * The delay before the next try: from {@code min} to twice the last bound, at most {@code max}.
   */
  public Duration next(Duration min, Duration max) {
    Duration bound = min.multipliedBy(2L << Math.min(failures, 20));
    if (bound.compareTo(max) > 0) {
      bound = max;
    }
    failures++;
    long spread = bound.minus(min).toMillis();
    last = min.plusMillis(Math.round(spread * random.getAsDouble()));
    return last;
  }

  /**
   * Something lived for so long: if that is longer than the last delay before it, begin anew.
   *
   * @return whether it was
   */
  public boolean lived(Duration life) {
    boolean enough = life.compareTo(last) > 0;
    if (enough) {
      failures = 0;
    }
    return enough;
  }

  /** Begins anew. */
  public void reset() {
    failures = 0;
    last = Duration.ZERO;
  }
}
