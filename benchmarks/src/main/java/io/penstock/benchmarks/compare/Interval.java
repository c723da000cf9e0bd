// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.compare;

import java.util.Arrays;

/**
 * The median of paired ratios, and where it lies with a confidence of 95 % or more. It is the
 * interval that belongs to the sign test: its bounds are two of the ratios themselves, chosen by
 * the binomial distribution. It supposes nothing of how ratios are spread, and a few pairs in which
 * the machine did something else do not move it.
 *
 * @param low its lower bound, a ratio above 0: below 1 the second of a pair cost less
 * @param middle the median
 * @param high its upper bound
 * @param pairs how many pairs there were, {@value #LEAST} or more
 */
record Interval(double low, double middle, double high, int pairs) {
  /** The fewest pairs that allow an interval of 95 %: both bounds are extremes then. */
  static final int LEAST = 6;

  private static final double OUTSIDE = 0.05;

  /**
   * The interval of some ratios.
   *
   * @param ratios each above 0, {@value #LEAST} or more, in any order
   */
  static Interval of(double... ratios) {
    if (ratios.length < LEAST) {
      throw new IllegalArgumentException(
          "there are " + ratios.length + " pairs, expected " + LEAST + " or more");
    }
    double[] sorted = ratios.clone();
    Arrays.sort(sorted);
    int n = sorted.length;
    int cut = cut(n);
    // Of two ratios the one is as far above the middle as the other is below: a geometric mean.
    double middle = Math.sqrt(sorted[(n - 1) / 2] * sorted[n / 2]);
    return new Interval(sorted[cut], middle, sorted[n - 1 - cut], n);
  }

  /**
   * How many ratios are cut off at each side. The median is below the ratio of rank k (from 0) only
   * if at most k of n are below the median, as of n tosses of a coin at most k are heads.
   */
  private static int cut(int n) {
    double probability = Math.pow(0.5, n);
    double below = 0;
    for (int k = 0; ; k++) {
      below += probability;
      if (2 * below > OUTSIDE) {
        return k - 1;
      }
      probability *= (double) (n - k) / (k + 1);
    }
  }

  /** Whether all of it is on one side of 1. */
  boolean differs() {
    return low > 1 || high < 1;
  }

  /** A ratio as a change in percent: 1.05 is 5. */
  static double percent(double ratio) {
    return 100 * (ratio - 1);
  }
}
