// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.compare;

import io.penstock.benchmarks.compare.Pairs.Measure;
import java.io.IOException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Two builds, measured in turns. A path about which there is something to tell is measured again,
 * with twice the pairs, and these alone decide: of many paths one looks different by chance, but
 * seldom twice.
 */
final class Comparison {
  /**
   * How thorough it is.
   *
   * @param pairs forks with each build, {@link Interval#LEAST} or more
   * @param pace of each fork
   * @param bound percent, above 0: what is worse by more fails
   * @param small whether differences within the bound are measured again, too
   */
  record Form(int pairs, Build.Pace pace, double bound, boolean small) {}

  private final Build base;
  private final Build head;
  private final Form form;
  private final Consumer<String> say;
  private final Map<Route, Pairs> measured = new EnumMap<>(Route.class);
  private final List<String> raw = new ArrayList<>();

  /**
   * A comparison.
   *
   * @param say gets each line for people
   */
  Comparison(Build base, Build head, Form form, Consumer<String> say) {
    this.base = base;
    this.head = head;
    this.form = form;
    this.say = say;
  }

  /**
   * Measures, and says what was found.
   *
   * @return 0 if nothing is worse by more than the bound; 1 if something is; 2 if no path could be
   *     measured
   */
  int run(Set<Route> routes) throws IOException, InterruptedException {
    measure(routes, form.pairs);
    Set<Route> suspects = EnumSet.noneOf(Route.class);
    measured.forEach(
        (route, pairs) -> {
          if (pairs.isSuspect(form.bound, form.small)) {
            suspects.add(route);
          }
        });
    if (!suspects.isEmpty()) {
      for (Route route : suspects) {
        tell(route);
      }
      say.accept(
          "measured again, for the new figures to decide: "
              + String.join(", ", suspects.stream().map(Route::text).toList()));
      measure(suspects, 2 * form.pairs);
    }
    say.accept("path        what            base         head     change  (95 % or more of trust)");
    measured.keySet().forEach(this::tell);
    if (measured.isEmpty()) {
      say.accept("no path could be measured");
      return 2;
    }
    return measured.values().stream().anyMatch(this::fails) ? 1 : 0;
  }

  private boolean fails(Pairs pairs) {
    for (Measure measure : Measure.values()) {
      if (pairs.fails(measure, form.bound)) {
        return true;
      }
    }
    return false;
  }

  private void tell(Route route) {
    Pairs pairs = measured.get(route);
    if (pairs != null) {
      for (Measure measure : Measure.values()) {
        say.accept(pairs.line(route, measure, form.bound));
      }
    }
  }

  /** Measures some paths by turns, so that what moves on the machine moves for all. */
  private void measure(Set<Route> routes, int count) throws IOException, InterruptedException {
    Set<Route> able = EnumSet.copyOf(routes);
    Map<Route, Pairs> fresh = new EnumMap<>(Route.class);
    for (int i = 0; i < count; i++) {
      for (Route route : List.copyOf(able)) {
        try {
          Pairs.Pair pair = pair(route, i % 2 == 0);
          fresh.computeIfAbsent(route, first -> new Pairs()).add(pair);
        } catch (Build.Missing e) {
          say.accept(route.text() + " is left out: " + e.getMessage());
          able.remove(route);
          fresh.remove(route);
        }
      }
    }
    measured.putAll(fresh);
  }

  /** Each build goes first in every other pair, so that a drift of the machine favours none. */
  private Pairs.Pair pair(Route route, boolean baseFirst)
      throws IOException, InterruptedException, Build.Missing {
    Build.Figures first = (baseFirst ? base : head).measure(route, form.pace);
    Build.Figures second = (baseFirst ? head : base).measure(route, form.pace);
    Pairs.Pair pair = baseFirst ? new Pairs.Pair(first, second) : new Pairs.Pair(second, first);
    raw.add(
        String.join(
            "\t",
            route.text(),
            Double.toString(pair.base().nanos()),
            Double.toString(pair.head().nanos()),
            Double.toString(pair.base().bytes()),
            Double.toString(pair.head().bytes())));
    return pair;
  }

  /** All pairs in the order in which they were measured: path, times and garbage. */
  List<String> raw() {
    return List.copyOf(raw);
  }
}
