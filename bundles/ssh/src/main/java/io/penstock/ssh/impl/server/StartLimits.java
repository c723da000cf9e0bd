// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.server;

import io.penstock.ssh.impl.Given;

/**
 * How many connections may be open that have not logged in yet, as OpenSSH's {@code MaxStartups}
 * says it.
 *
 * @param begin from so many on one is cut for a further one, with the probability of the rate
 * @param rate in percent; it grows evenly up to 100
 * @param full from so many on one is cut for each further one
 */
record StartLimits(int begin, int rate, int full) {
  static final String KEY = "max-startups";

  private static final int MAX_FULL = 1_000_000;

  /** Reads {@code BEGIN:RATE:FULL}, or a single number for a sharp limit. */
  static StartLimits of(Given given) {
    String value = given.text(KEY).orElse("10:30:100").strip();
    String[] parts = value.split(":", -1);
    StartLimits limits =
        switch (parts.length) {
          case 1 -> new StartLimits(number(parts[0]), 100, number(parts[0]));
          case 3 -> new StartLimits(number(parts[0]), number(parts[1]), number(parts[2]));
          default -> new StartLimits(0, 0, 0);
        };
    if (limits.begin < 1
        || limits.full < limits.begin
        || limits.full > MAX_FULL
        || limits.rate < 1
        || limits.rate > 100) {
      throw Given.refused(
          KEY,
          value,
          "a number, or BEGIN:RATE:FULL with a rate from 1 to 100 and 1 <= BEGIN <= FULL <= "
              + MAX_FULL);
    }
    return limits;
  }

  private static int number(String text) {
    return text.matches("\\d{1,7}") ? Integer.parseInt(text) : 0;
  }

  /**
   * Whether a connection has to be cut for a further one.
   *
   * @param count how many there are without it
   * @param draw 0 to 99, by chance
   */
  boolean exceeded(int count, int draw) {
    if (count < begin) {
      return false;
    }
    if (count >= full) {
      return true;
    }
    return draw < rate + (100L - rate) * (count - begin) / (full - begin);
  }
}
