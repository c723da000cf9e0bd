// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.report;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/** The samples of a run, by what was measured. */
public final class Figures {
  private final Map<Sample.Subject, TreeMap<Integer, Double>> rounds = new HashMap<>();

  /** Of all these. */
  public Figures(List<Sample> samples) {
    for (Sample sample : samples) {
      rounds
          .computeIfAbsent(sample.subject(), key -> new TreeMap<>())
          .put(sample.round(), sample.value());
    }
  }

  /**
   * The middle of some, and how far they go.
   *
   * @param count how many they were
   */
  public record Spread(double median, double min, double max, int count) {
    static Spread of(Collection<Double> values) {
      double[] sorted = values.stream().mapToDouble(Double::doubleValue).sorted().toArray();
      int half = sorted.length / 2;
      double median = sorted.length % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
      return new Spread(median, sorted[0], sorted[sorted.length - 1], sorted.length);
    }

    /** The same, where what is less is told as this. */
    Spread atLeast(double least) {
      return new Spread(Math.max(least, median), Math.max(least, min), Math.max(least, max), count);
    }

    /** The same in a unit of so many. */
    Spread in(double unit) {
      return new Spread(median / unit, min / unit, max / unit, count);
    }
  }

  /** All that was measured. */
  public Set<Sample.Subject> subjects() {
    return Collections.unmodifiableSet(rounds.keySet());
  }

  /** Of all rounds; empty if it was not measured. */
  public Optional<Spread> of(Sample.Subject key) {
    return Optional.ofNullable(rounds.get(key)).map(values -> Spread.of(values.values()));
  }

  /**
   * The first divided by the second, round by round; empty if they share no round. A round in which
   * the second was too small to be measured, such as processor time in a short run, has no ratio.
   */
  public Optional<Spread> ratio(Sample.Subject ours, Sample.Subject theirs) {
    TreeMap<Integer, Double> divisors = rounds.getOrDefault(theirs, new TreeMap<>());
    List<Double> ratios = new ArrayList<>();
    rounds
        .getOrDefault(ours, new TreeMap<>())
        .forEach(
            (round, value) -> {
              Double divisor = divisors.get(round);
              if (divisor != null && divisor > 0) {
                ratios.add(value / divisor);
              }
            });
    return ratios.isEmpty() ? Optional.empty() : Optional.of(Spread.of(ratios));
  }

  /** Which of these has the best median above 0; empty if none was measured. */
  public Optional<String> best(Sample.Subject key, List<String> peers, boolean least) {
    return peers.stream()
        .filter(peer -> of(key.of(peer)).filter(spread -> spread.median() > 0).isPresent())
        .min(
            (a, b) -> {
              int order =
                  Double.compare(
                      of(key.of(a)).orElseThrow().median(), of(key.of(b)).orElseThrow().median());
              return least ? order : -order;
            });
  }
}
