// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.component;

import io.penstock.spi.Messages;
import io.penstock.stream.Units;
import io.penstock.stream.Wait;
import java.lang.reflect.Array;
import java.time.Duration;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The values of one configuration, as text or as native types. Whatever is refused is refused with
 * the PID, the key, the value and what is allowed.
 */
final class Values {
  /** What frameworks and installers add to every configuration. */
  private static final List<String> FOREIGN =
      List.of(".", ":", "service.", "component.", "felix.", "osgi.", "org.apache.", "org.osgi.");

  private final String pid;
  private final Map<String, ?> properties;

  Values(Map<String, ?> properties) {
    this.properties = properties;
    Object given = properties.get("service.pid");
    this.pid = String.valueOf(given != null ? given : properties.get("component.name"));
  }

  /** The configuration's own name, for reports. */
  String pid() {
    return pid;
  }

  /** The name that was configured, otherwise the part of the PID after {@code ~}. */
  String name() {
    return text("penstock.name")
        .orElseGet(
            () -> {
              String after = pid.substring(pid.indexOf('~') + 1);
              if (pid.indexOf('~') < 0 || after.isBlank()) {
                throw new IllegalArgumentException(
                    pid
                        + ": penstock.name: it is not given and the PID does not end in ~NAME;"
                        + " expected one of them");
              }
              return after;
            });
  }

  /** A value as text; empty when there is none or it is blank. */
  Optional<String> text(String key) {
    return Optional.ofNullable(text(key, properties.get(key))).filter(text -> !text.isBlank());
  }

  private @Nullable String text(String key, @Nullable Object value) {
    if (value instanceof Double || value instanceof Float) {
      double number = ((Number) value).doubleValue();
      return number == Math.rint(number) && Math.abs(number) < 1L << 53
          ? String.valueOf((long) number)
          : value.toString();
    }
    if (value instanceof Collection<?> many) {
      return one(key, List.copyOf(many));
    }
    if (value != null && value.getClass().isArray()) {
      Object[] many = new Object[Array.getLength(value)];
      for (int i = 0; i < many.length; i++) {
        many[i] = Array.get(value, i);
      }
      return one(key, List.of(many));
    }
    return value == null ? null : value.toString().strip();
  }

  private @Nullable String one(String key, List<?> many) {
    if (many.size() > 1) {
      throw refused(key, many.toString(), "one value");
    }
    return many.isEmpty() ? null : text(key, many.get(0));
  }

  /** A value that must be there. */
  String required(String key, String example) {
    return text(key)
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    pid + ": " + key + ": it is not given; expected " + example));
  }

  /**
   * A value read by something that throws {@link IllegalArgumentException} with what it expects.
   */
  <T> T get(String key, T fallback, Function<String, T> parse) {
    String text = text(key).orElse(null);
    return text == null ? fallback : parse(key, text, parse);
  }

  /** Reads one text on behalf of a key. */
  <T> T parse(String key, String text, Function<String, T> parse) {
    try {
      return parse.apply(text);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(pid + ": " + key + ": " + e.getMessage(), e);
    }
  }

  /** A value that is true or false. */
  boolean flag(String key, boolean fallback) {
    return text(key)
        .map(
            text ->
                switch (text) {
                  case "true" -> true;
                  case "false" -> false;
                  default -> throw refused(key, text, "true or false");
                })
        .orElse(fallback);
  }

  /** A duration above zero. */
  Duration positive(String key, Duration fallback) {
    Duration value = get(key, fallback, Units::duration);
    if (value.isZero()) {
      throw refused(key, text(key).orElse(""), "a duration of more than zero, such as 100ms");
    }
    return value;
  }

  /** The limit of an end's calls, from a key that bounds it and one that forbids to wait at all. */
  Wait wait(String timeout, String blocking) {
    Wait limited = get(timeout, Wait.forever(), text -> Wait.upTo(Units.duration(text)));
    return flag(blocking, true) ? limited : Wait.none();
  }

  /** The values of all other keys, but for those that frameworks and installers add. */
  SortedMap<String, String> others(Collection<String> known) {
    SortedMap<String, String> others = new TreeMap<>();
    for (String key : properties.keySet()) {
      if (!known.contains(key) && FOREIGN.stream().noneMatch(key::startsWith)) {
        Object value = properties.get(key);
        boolean many =
            value instanceof Collection<?> || (value != null && value.getClass().isArray());
        others.put(key, many ? "" : text(key).orElse(""));
      }
    }
    return Collections.unmodifiableSortedMap(others);
  }

  /**
   * The values of keys that begin with a dot, which Declarative Services shows nobody.
   *
   * @param ours keys without the dot, whose values are looked at
   */
  Secrets secrets(Collection<String> ours) {
    Map<String, String> found = new TreeMap<>();
    properties.forEach(
        (key, value) -> {
          String name = key.startsWith(".") ? key.substring(1) : "";
          boolean one =
              value instanceof String || value instanceof Number || value instanceof Boolean;
          if (!one && ours.contains(name)) {
            throw new IllegalArgumentException(pid + ": " + key + ": expected one text");
          }
          if (one && !name.isEmpty() && !value.toString().isEmpty()) {
            found.put(name, value.toString());
          }
        });
    return new Secrets(found);
  }

  /** The exception for a value that is not allowed. */
  IllegalArgumentException refused(String key, String value, String allowed) {
    return Messages.refused(pid + ": " + key, value, allowed);
  }
}
