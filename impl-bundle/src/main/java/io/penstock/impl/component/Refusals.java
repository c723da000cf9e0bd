// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.component;

import java.lang.System.Logger.Level;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;

/** Reads configurations, and reports those that are refused. */
final class Refusals {
  private Refusals() {}

  /** Reads the values that a component is activated with; empty when they are refused. */
  static <S> Optional<S> first(Values values, Function<Values, S> read) {
    return read(values, read, "the configuration has no effect until it is corrected");
  }

  /** Reads changed values; empty when they are refused. */
  static <S> Optional<S> next(Values values, Function<Values, S> read) {
    return read(values, read, "the last good values stay");
  }

  private static <S> Optional<S> read(Values values, Function<Values, S> read, String effect) {
    try {
      return Optional.of(read.apply(values));
    } catch (IllegalArgumentException e) {
      Configured.LOG.log(Level.ERROR, e.getMessage() + "; " + effect);
      return Optional.empty();
    }
  }

  /** Warns of keys that have no effect. */
  static void unknown(Values values, Collection<String> known) {
    Map<String, String> others = values.others(known);
    Kinds.warn(
        others.keySet(),
        Set.of(),
        new TreeSet<>(known),
        what -> Configured.LOG.log(Level.WARNING, values.pid() + ": " + what));
  }
}
