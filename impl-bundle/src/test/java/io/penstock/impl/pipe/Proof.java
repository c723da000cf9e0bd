// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.pipe;

import io.penstock.pipe.PipeOptions;

/**
 * How long the tests with random input go on, and where they start. Each runs for a moment in the
 * build and for {@code -Dpenstock.proof.seconds} if that is given, from {@code
 * -Dpenstock.proof.seed} or, in the long form, anywhere.
 */
final class Proof {
  /** More than the long form may be asked for. */
  static final int TIMEOUT_SECONDS = 24 * 60 * 60;

  private static final int LONG = Integer.getInteger("penstock.proof.seconds", 0);

  private Proof() {}

  /** Time to spend. */
  static final class Budget {
    private final long end;

    private Budget(long millis) {
      this.end = System.nanoTime() + millis * 1_000_000;
    }

    boolean left() {
      return end - System.nanoTime() > 0;
    }

    boolean isLong() {
      return LONG > 0;
    }
  }

  /** The time for one test: half a second, or what was asked for. */
  static Budget budget() {
    return budget(500);
  }

  /** The time for one test. */
  static Budget budget(int shortMillis) {
    return new Budget(LONG > 0 ? LONG * 1000L : shortMillis);
  }

  static boolean isLong() {
    return LONG > 0;
  }

  /** The seed to start with. */
  static long seed() {
    Long given = Long.getLong("penstock.proof.seed");
    return given != null ? given : LONG > 0 ? System.nanoTime() & 0xffff_ffffL : 1_000;
  }

  /** Declares that an end is used by one thread only, where that is wanted. */
  static PipeOptions declared(PipeOptions options, boolean oneWriter, boolean oneReader) {
    return options
        .withWriters(oneWriter ? PipeOptions.Callers.ONE : PipeOptions.Callers.MANY)
        .withReaders(oneReader ? PipeOptions.Callers.ONE : PipeOptions.Callers.MANY);
  }
}
