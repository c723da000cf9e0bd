// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats.discovery;

import java.time.Duration;
import java.util.Locale;

/** What is measured, and its bounds. */
final class Figure {
  static final boolean LONG = Boolean.getBoolean("penstock.nats.long");

  /**
   * The long form is for a machine that does nothing else. In each build, other tests have the
   * processors, too, so that something is late now and then; what has become slower is late each
   * time.
   */
  private static final int MOST_ATTEMPTS = LONG ? 1 : 10;

  private Figure() {}

  /** Something took longer than it may. */
  static final class TooSlow extends AssertionError {
    private static final long serialVersionUID = 1L;

    TooSlow(String what) {
      super(what);
    }
  }

  /** What is done again from its beginning. */
  interface Attempt {
    void run() throws Exception;
  }

  /**
   * Runs what measures something until nothing in it is too slow.
   *
   * @param anew runs before each further attempt: it removes what the one before has left
   */
  static void attempts(Attempt body, Attempt anew) throws Exception {
    for (int attempt = 1; ; attempt++) {
      try {
        body.run();
        return;
      } catch (TooSlow e) {
        if (attempt == MOST_ATTEMPTS) {
          throw e;
        }
        System.out.println("figure: attempt " + attempt + " was too slow: " + e.getMessage());
      }
      anew.run();
    }
  }

  /** Tells how long something took, which must not be too long. */
  static void tell(String what, long from, long to, Duration most) {
    double seconds = (to - from) / 1e9;
    // In one piece, beside the lines of the log.
    System.out.println(String.format(Locale.ROOT, "figure: %s %.2f s", what, seconds));
    double bound = most.toMillis() / 1000.0;
    if (seconds > bound) {
      throw new TooSlow(what + ": " + seconds + " s, more than " + bound + " s");
    }
  }
}
