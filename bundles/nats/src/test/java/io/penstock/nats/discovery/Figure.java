// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats.discovery;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.Locale;

/** What is measured: the long form, on a machine that does nothing else, keeps the bounds. */
final class Figure {
  static final boolean LONG = Boolean.getBoolean("penstock.nats.long");

  /** In each build, other tests have the processors, too. */
  private static final Duration BUSY = Duration.ofSeconds(20);

  private Figure() {}

  /** Tells how long something took, which must not be too long. */
  static void tell(String what, long from, long to, Duration most) {
    double seconds = (to - from) / 1e9;
    // In one piece, beside the lines of the log.
    System.out.println(String.format(Locale.ROOT, "figure: %s %.2f s", what, seconds));
    Duration bound = LONG ? most : most.plus(BUSY);
    assertTrue(seconds <= bound.toMillis() / 1000.0, what + ": " + seconds + " s");
  }
}
