// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl;

import io.penstock.spi.Messages;
import io.penstock.stream.Units;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The options of an endpoint or a configuration, read by their keys. */
public final class Given {
  private static final String WINDOW = "window";
  private static final long LEAST_WINDOW = 32 * 1024;
  private static final long MAX_WINDOW = 1L << 30;

  private final Map<String, String> values;

  /**
   * Reads from a map.
   *
   * @param values text by key
   */
  public Given(Map<String, String> values) {
    this.values = values;
  }

  /** The text of a key, if it is given. */
  public Optional<String> text(String key) {
    return Optional.ofNullable(values.get(key));
  }

  /** The parts of a list that is joined by commas. */
  public List<String> list(String key, String fallback) {
    return Arrays.stream(values.getOrDefault(key, fallback).split(",", -1))
        .map(String::strip)
        .filter(each -> !each.isEmpty())
        .toList();
  }

  /** Paths that are joined by commas. */
  public List<Path> paths(String key) {
    return list(key, "").stream().map(each -> path(key, each)).toList();
  }

  /** A path, if it is given. */
  public Optional<Path> path(String key) {
    return text(key).map(value -> path(key, value));
  }

  private static Path path(String key, String value) {
    try {
      return value.startsWith("~/")
          ? Path.of(System.getProperty("user.home"), value.substring(2))
          : Path.of(value);
    } catch (IllegalArgumentException e) {
      throw refused(key, value, "a path");
    }
  }

  /** True or false. */
  public boolean flag(String key, boolean fallback) {
    String value = values.getOrDefault(key, String.valueOf(fallback)).strip();
    return switch (value) {
      case "true" -> true;
      case "false" -> false;
      default -> throw refused(key, value, "true or false");
    };
  }

  /** A duration. */
  public Duration duration(String key, String fallback, boolean zeroAllowed) {
    String value = values.getOrDefault(key, fallback);
    Duration found;
    try {
      found = Units.duration(value);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(key + ": " + e.getMessage(), e);
    }
    if (found.isZero() && !zeroAllowed) {
      throw refused(key, value, "a duration of more than zero");
    }
    return found;
  }

  /** A whole number within a range. */
  public int count(String key, String fallback, int least, int most) {
    String value = values.getOrDefault(key, fallback).strip();
    long found = value.matches("\\d{1,10}") ? Long.parseLong(value) : -1;
    if (found < least || found > most) {
      throw refused(key, value, "a number from " + least + " to " + most);
    }
    return (int) found;
  }

  /** How many bytes may wait unread in one channel. */
  public long window() {
    String value = values.getOrDefault(WINDOW, "2MiB");
    long found;
    try {
      found = Units.bytes(value);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(WINDOW + ": " + e.getMessage(), e);
    }
    if (found < LEAST_WINDOW || found > MAX_WINDOW) {
      throw refused(WINDOW, value, "32KiB to 1GiB");
    }
    return found;
  }

  /** What is thrown for a value that is not allowed. */
  public static IllegalArgumentException refused(String key, String value, String allowed) {
    return Messages.refused(key, value, allowed);
  }
}
