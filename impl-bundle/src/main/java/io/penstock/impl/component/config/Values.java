// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.component.config;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.spi.Messages;
import io.penstock.stream.Units;
import java.lang.reflect.Array;
import java.lang.reflect.Method;
import java.time.Duration;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The values of one configuration, as text or as native types. Whatever is refused is refused with
 * the PID, the key, the value and what is allowed.
 *
 * @param <K> describes the keys, and has their defaults
 */
final class Values<K> {
  /** What frameworks and installers add to every configuration. */
  private static final List<String> FOREIGN =
      List.of(".", ":", "service.", "component.", "felix.", "osgi.", "org.apache.", "org.osgi.");

  private final Class<K> keys;
  private final String pid;
  private final Map<String, ?> properties;

  /** Nothing is read yet. */
  Values(Class<K> keys, Map<String, ?> properties) {
    this.keys = keys;
    this.properties = properties;
    this.pid = pid(properties);
  }

  /** The configuration's own name, for reports. */
  static String pid(Map<String, ?> properties) {
    Object given = properties.get("service.pid");
    return String.valueOf(given != null ? given : properties.get("component.name"));
  }

  /** The name that was configured, otherwise the part of the PID after {@code ~}. */
  String name() {
    return text(Channel.NAME)
        .orElseGet(
            () -> {
              String after = pid.substring(pid.indexOf('~') + 1);
              if (pid.indexOf('~') < 0 || after.isBlank()) {
                throw new IllegalArgumentException(
                    pid
                        + ": "
                        + Channel.NAME
                        + ": it is not given and the PID does not end in ~NAME;"
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

  /** A value that must be there, read by something that throws as {@link #find} says. */
  <T> T required(Function<K, String> key, String example, Function<String, T> parse) {
    return find(key, parse)
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    pid + ": " + name(key) + ": it is not given; expected " + example));
  }

  /**
   * A value or its default, read by something that throws {@link IllegalArgumentException} with
   * what it expects; empty when there is neither.
   */
  <T> Optional<T> find(Function<K, String> key, Function<String, T> parse) {
    Method method = Keys.method(keys, key);
    String name = Keys.name(method);
    String text = text(name).orElseGet(() -> fallback(method));
    if (text.isEmpty()) {
      return Optional.empty();
    }
    try {
      return Optional.of(parse.apply(text));
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(pid + ": " + name + ": " + e.getMessage(), e);
    }
  }

  private static String fallback(Method method) {
    return Objects.requireNonNullElse(method.getDefaultValue(), "").toString();
  }

  /** A value of a key that has a default. */
  <T> T get(Function<K, String> key, Function<String, T> parse) {
    return find(key, parse).orElseThrow();
  }

  /** A value that is true or false. */
  boolean flag(Function<K, Boolean> key) {
    Method method = Keys.method(keys, key);
    return flag(Keys.name(method), text(Keys.name(method)).orElseGet(() -> fallback(method)));
  }

  private boolean flag(String key, String text) {
    return switch (text) {
      case "true" -> true;
      case "false" -> false;
      default -> throw refused(key, text, "true or false");
    };
  }

  /** The text of each key that channels of every kind have as an option. */
  SortedMap<String, String> common() {
    SortedMap<String, String> common = new TreeMap<>();
    for (Method method : keys.getDeclaredMethods()) {
      String key = Keys.name(method);
      if (ChannelOptions.COMMON_KEYS.contains(key)) {
        boolean isFlag = method.getReturnType() == boolean.class;
        text(key)
            .map(text -> isFlag ? String.valueOf(flag(key, text)) : text)
            .ifPresent(text -> common.put(key, text));
      }
    }
    return common;
  }

  /**
   * Options with the values of {@link #common}. The order of the keys is the options' own, in which
   * "never wait" goes before a limit.
   */
  static ChannelOptions options(Map<String, String> common) {
    ChannelOptions options = ChannelOptions.defaults();
    for (String key : ChannelOptions.COMMON_KEYS) {
      String text = common.get(key);
      options = text == null ? options : options.with(key, text);
    }
    return options;
  }

  /** The same with the values of this configuration. */
  ChannelOptions options() {
    return named(() -> options(common()));
  }

  /** What is made of these values, which names the key itself if it refuses one. */
  <T> T named(Supplier<T> make) {
    try {
      return make.get();
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(pid + ": " + e.getMessage(), e);
    }
  }

  /** Reads a duration above zero. */
  static Duration positive(String text) {
    Duration value = Units.duration(text);
    if (value.isZero()) {
      throw unexpected(text, "a duration of more than zero, such as 100ms");
    }
    return value;
  }

  /** Reads sizes of a range. */
  static Function<String, Long> bytes(long least, long most, String allowed) {
    return text -> {
      long bytes = Units.bytes(text);
      if (bytes < least || bytes > most) {
        throw unexpected(text, allowed);
      }
      return bytes;
    };
  }

  /** The exception for a text that is not allowed; its reader adds the key. */
  static IllegalArgumentException unexpected(String text, String allowed) {
    return new IllegalArgumentException("'" + text + "' is not allowed; expected " + allowed);
  }

  /** The values of all other keys, but for those that frameworks and installers add. */
  SortedMap<String, String> others() {
    Set<String> known = Keys.names(keys);
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

  /** The values of keys that begin so; several are separated by commas. */
  SortedMap<String, String> beginning(String prefix) {
    SortedMap<String, String> found = new TreeMap<>();
    for (String key : properties.keySet()) {
      if (key.startsWith(prefix)) {
        Object value = properties.get(key);
        found.put(
            key, value instanceof String[] many ? String.join(",", many) : text(key).orElse(""));
      }
    }
    return found;
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
  IllegalArgumentException refused(Function<K, ?> key, String value, String allowed) {
    return refused(name(key), value, allowed);
  }

  private IllegalArgumentException refused(String key, String value, String allowed) {
    return Messages.refused(pid + ": " + key, value, allowed);
  }

  private String name(Function<K, ?> key) {
    return Keys.name(Keys.method(keys, key));
  }
}
