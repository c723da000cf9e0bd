// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.load;

import org.HdrHistogram.Histogram;

/**
 * How long requests took, each from the moment when it was due. A request that could not be sent in
 * time because an earlier one was slow has waited since then, and its user as well: a figure that
 * begins when it was sent at last leaves that out, which is called coordinated omission.
 */
final class Latencies {
  /** Percentiles that are told, before the longest. */
  static final double[] PERCENTILES = {50, 90, 99, 99.9, 99.99};

  private static final long MOST = 60_000_000_000L;

  private final Histogram histogram = new Histogram(1, MOST, 3);

  /**
   * One was answered.
   *
   * @param due when it was to be sent, by {@link System#nanoTime()}
   * @param now when its answer was there, by the same clock
   */
  void add(long due, long now) {
    histogram.recordValue(Math.min(MOST, Math.max(0, now - due)));
  }

  /** How many they were. */
  long count() {
    return histogram.getTotalCount();
  }

  /**
   * So many percent took no longer.
   *
   * @return ns, to three digits
   */
  double percentile(double percent) {
    return histogram.getValueAtPercentile(percent);
  }

  /** The {@link #PERCENTILES} and the longest, in ns, with spaces between. */
  String text() {
    StringBuilder text = new StringBuilder();
    for (double percent : PERCENTILES) {
      text.append(percentile(percent)).append(' ');
    }
    return text.append((double) histogram.getMaxValue()).toString();
  }
}
