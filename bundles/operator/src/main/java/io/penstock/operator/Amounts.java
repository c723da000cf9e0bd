// SPDX-License-Identifier: Apache-2.0
package io.penstock.operator;

import io.penstock.runtime.FaultDTO;
import io.penstock.runtime.RateDTO;
import io.penstock.stream.Units;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Amounts as people read them. Stateless. */
final class Amounts {
  /** Stands for what is not known or not there. */
  static final String NOTHING = "-";

  private static final long SECOND = 1000;
  private static final long MINUTE = 60 * SECOND;
  private static final long HOUR = 60 * MINUTE;
  private static final long DAY = 24 * HOUR;

  private Amounts() {}

  /** Bytes per second, such as {@code 1.5 MiB/s}. */
  static String speed(double perSecond) {
    return perSecond < 0 ? NOTHING : Units.text(Math.round(perSecond)) + "/s";
  }

  /** How often per second, such as {@code 2.5/s}. */
  static String often(double perSecond) {
    if (perSecond < 0) {
      return NOTHING;
    }
    String digits = perSecond >= 100 || perSecond == 0 ? "%.0f/s" : "%.1f/s";
    return String.format(Locale.ROOT, digits, perSecond);
  }

  /** How long something lasts, such as {@code 3 min}; the unit is the largest that is reached. */
  static String span(long millis) {
    if (millis < SECOND) {
      return Math.max(0, millis) + " ms";
    } else if (millis < 2 * MINUTE) {
      return millis / SECOND + " s";
    } else if (millis < 2 * HOUR) {
      return millis / MINUTE + " min";
    } else if (millis < 2 * DAY) {
      return millis / HOUR + " h";
    }
    return millis / DAY + " d";
  }

  /** A moment with its distance from now, such as {@code 2026-11-22T21:30:00Z (3 min ago)}. */
  static String moment(long at, long now) {
    return time(at) + " (" + span(now - at) + " ago)";
  }

  /** A moment in universal time, to the second. */
  static String time(long at) {
    return Instant.ofEpochMilli(at).truncatedTo(ChronoUnit.SECONDS).toString();
  }

  /** How full something is, such as {@code 25%}. */
  static String percent(long part, long whole) {
    return whole <= 0 ? NOTHING : Math.round(100.0 * part / whole) + "%";
  }

  /** How many of how many may be, such as {@code 12 of 1024}. */
  static String of(long some, long all) {
    return (some < 0 ? "?" : some) + (all < 0 || all == Integer.MAX_VALUE ? "" : " of " + all);
  }

  /** A count of bytes with its speeds. */
  static String bytes(RateDTO rate) {
    return Units.text(rate.total()) + ", " + speeds(speed(rate.second()), speed(rate.minute()));
  }

  /** A count with its rates. */
  static String counted(RateDTO rate) {
    return rate.total() + ", " + speeds(often(rate.second()), often(rate.minute()));
  }

  private static String speeds(String second, String minute) {
    return second + " now, " + minute + " over a minute";
  }

  /** What failed last, such as {@code connection reset (3 times, 2 min ago)}. */
  static String fault(@Nullable FaultDTO fault, long now) {
    if (fault == null) {
      return "";
    }
    String times = fault.count() > 1 ? fault.count() + " times, " : "";
    return fault.message() + " (" + times + span(now - fault.at()) + " ago)";
  }
}
