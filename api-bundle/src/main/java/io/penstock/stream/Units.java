// SPDX-License-Identifier: Apache-2.0
package io.penstock.stream;

import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Reads sizes and durations as users write them in configurations and on command lines, and writes
 * sizes for people. Stateless.
 */
@ProviderType
public final class Units {
  private static final Pattern SIZE = Pattern.compile("(\\d+)\\s*(B|KiB|MiB|GiB)?");
  private static final String[] LARGER = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  private static final Pattern TIME = Pattern.compile("(\\d+(?:\\.\\d+)?)\\s*(ms|s|m|h)");

  private Units() {}

  /**
   * Reads a size.
   *
   * @param text a whole number of bytes, optionally followed by {@code B}, {@code KiB}, {@code MiB}
   *     or {@code GiB}
   * @return the size in bytes, zero or more
   * @throws IllegalArgumentException if the text is something else or exceeds {@link
   *     Long#MAX_VALUE}; the message names the text and what is allowed
   */
  public static long bytes(String text) {
    Matcher m = SIZE.matcher(text.strip());
    if (m.matches()) {
      int shift =
          switch (m.group(2) == null ? "B" : m.group(2)) {
            case "KiB" -> 10;
            case "MiB" -> 20;
            case "GiB" -> 30;
            default -> 0;
          };
      try {
        return Math.multiplyExact(Long.parseLong(m.group(1)), 1L << shift);
      } catch (ArithmeticException | NumberFormatException e) {
        throw new IllegalArgumentException("'" + text + "' is more bytes than can be counted", e);
      }
    }
    throw new IllegalArgumentException(
        "'"
            + text
            + "' is not a size; expected a number of bytes, or one with KiB, MiB or GiB, such as 64KiB");
  }

  /**
   * Writes a number of bytes for people, with one digit after the point from 1 KiB on.
   *
   * @param bytes zero or more
   * @return such as {@code 17 B} or {@code 1.5 MiB}
   */
  public static String text(long bytes) {
    if (bytes < 1024) {
      return bytes + " B";
    }
    double value = bytes / 1024.0;
    int unit = 0;
    while (value >= 1024 && unit < LARGER.length - 1) {
      value /= 1024;
      unit++;
    }
    return String.format(Locale.ROOT, "%.1f %s", value, LARGER[unit]);
  }

  /**
   * Reads a duration.
   *
   * @param text a number followed by {@code ms}, {@code s}, {@code m} or {@code h}, such as {@code
   *     250ms} or {@code 1.5s}, or an ISO-8601 duration such as {@code PT10S}
   * @return the duration, zero or more
   * @throws IllegalArgumentException if the text is something else or negative; the message names
   *     the text and what is allowed
   */
  public static Duration duration(String text) {
    String trimmed = text.strip();
    Matcher m = TIME.matcher(trimmed);
    if (m.matches()) {
      double seconds =
          Double.parseDouble(m.group(1))
              * switch (m.group(2)) {
                case "ms" -> 1e-3;
                case "m" -> 60;
                case "h" -> 3600;
                default -> 1;
              };
      return Duration.ofNanos(Math.round(seconds * 1e9));
    }
    if (trimmed.toUpperCase(Locale.ROOT).startsWith("P")) {
      try {
        Duration parsed = Duration.parse(trimmed);
        if (!parsed.isNegative()) {
          return parsed;
        }
      } catch (DateTimeParseException e) {
        throw notADuration(text, e);
      }
    }
    throw notADuration(text, null);
  }

  private static IllegalArgumentException notADuration(
      String text, @org.jspecify.annotations.Nullable Throwable cause) {
    return new IllegalArgumentException(
        "'"
            + text
            + "' is not a duration; expected a number with ms, s, m or h, such as 250ms, or ISO-8601 such as PT10S",
        cause);
  }
}
