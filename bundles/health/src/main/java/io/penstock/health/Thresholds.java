// SPDX-License-Identifier: Apache-2.0
package io.penstock.health;

import io.penstock.spi.Messages;
import io.penstock.stream.Units;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * From when on something is reported. Times are in milliseconds.
 *
 * @param descriptors in per cent of those that may be open
 */
record Thresholds(
    long unread,
    long unwritten,
    long down,
    long reconnecting,
    int descriptors,
    long late,
    long failed,
    List<String> tags) {
  /** What holds without a configuration. */
  static Thresholds defaults() {
    return of(
        (HealthKeys)
            Proxy.newProxyInstance(
                HealthKeys.class.getClassLoader(),
                new Class<?>[] {HealthKeys.class},
                (proxy, key, none) -> key.getDefaultValue()));
  }

  /**
   * Reads a configuration.
   *
   * @throws IllegalArgumentException if a value is not allowed; the message names its key
   */
  static Thresholds of(HealthKeys keys) {
    return new Thresholds(
        millis("unreadFor", keys.unreadFor(), 1),
        millis("unwrittenFor", keys.unwrittenFor(), 1),
        millis("downFor", keys.downFor(), 0),
        millis("reconnectingFor", keys.reconnectingFor(), 0),
        percent(keys.descriptorsPercent()),
        millis("pollerLateAfter", keys.pollerLateAfter(), 1),
        millis("relayFailedWithin", keys.relayFailedWithin(), 1),
        tags(keys.tags()));
  }

  private static long millis(String key, String value, long least) {
    Duration duration;
    try {
      duration = Units.duration(value);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(key + ": " + e.getMessage(), e);
    }
    if (duration.compareTo(Duration.ofMillis(least)) < 0) {
      throw Messages.refused(key, value, "a duration of " + least + "ms or more");
    }
    // What cannot be counted is never over.
    return duration.toSeconds() > Long.MAX_VALUE / 1000 - 1 ? Long.MAX_VALUE : duration.toMillis();
  }

  private static int percent(String value) {
    try {
      int percent = Integer.parseInt(value.strip());
      if (percent >= 1 && percent <= 100) {
        return percent;
      }
    } catch (NumberFormatException e) {
      throw refusedPercent(value, e);
    }
    throw refusedPercent(value, null);
  }

  private static IllegalArgumentException refusedPercent(String value, @Nullable Throwable cause) {
    IllegalArgumentException refused =
        Messages.refused("descriptorsPercent", value, "a number from 1 to 100");
    if (cause != null) {
      refused.initCause(cause);
    }
    return refused;
  }

  private static List<String> tags(String given) {
    List<String> tags =
        Stream.of(given.split(",", -1)).map(String::strip).filter(tag -> !tag.isEmpty()).toList();
    if (tags.isEmpty()) {
      throw Messages.refused("tags", given, "one name, or several with commas between them");
    }
    return tags;
  }
}
