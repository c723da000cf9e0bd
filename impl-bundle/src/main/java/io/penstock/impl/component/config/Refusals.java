// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.component.config;

import io.penstock.spi.Messages;
import java.lang.System.Logger.Level;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/** Reads configurations, and reports those that are refused. */
public final class Refusals {
  private static final System.Logger LOG = Messages.log("config");

  private Refusals() {}

  /** The configuration's own name, for reports. */
  public static String pid(Map<String, ?> properties) {
    return Values.pid(properties);
  }

  /** Reads the values that a component is activated with; empty when they are refused. */
  public static <S> Optional<S> first(Map<String, ?> properties, Function<Map<String, ?>, S> read) {
    return read(properties, read, "the configuration has no effect until it is corrected");
  }

  /** Reads changed values; empty when they are refused. */
  public static <S> Optional<S> next(Map<String, ?> properties, Function<Map<String, ?>, S> read) {
    return read(properties, read, "the last good values stay");
  }

  private static <S> Optional<S> read(
      Map<String, ?> properties, Function<Map<String, ?>, S> read, String effect) {
    try {
      return Optional.of(read.apply(properties));
    } catch (IllegalArgumentException e) {
      LOG.log(Level.ERROR, e.getMessage() + "; " + effect);
      return Optional.empty();
    }
  }

  /** Warns of keys that have no effect. */
  public static void unknown(Class<?> keys, Map<String, ?> properties) {
    Kinds.warn(
        new Values<>(keys, properties).others().keySet(),
        Set.of(),
        Keys.names(keys),
        what -> LOG.log(Level.WARNING, pid(properties) + ": " + what));
  }
}
