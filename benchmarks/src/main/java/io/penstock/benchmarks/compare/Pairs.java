// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.compare;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/** What was measured of one path: pairs of forks, and what they say. */
final class Pairs {
  /**
   * What two forks have found, one after the other.
   *
   * @param base with the build that is compared with
   * @param head with the build that is judged
   */
  record Pair(Build.Figures base, Build.Figures head) {}

  /** What is compared. */
  enum Measure {
    /** How long an operation takes. */
    TIME("time", "slower", "faster"),
    /** What an operation allocates. */
    GARBAGE("garbage", "more", "less");

    private final String text;
    private final String worse;
    private final String better;

    Measure(String text, String worse, String better) {
      this.text = text;
      this.worse = worse;
      this.better = better;
    }

    /** For people. */
    String text() {
      return text;
    }

    private double of(Build.Figures figures) {
      return this == TIME ? figures.nanos() : figures.bytes();
    }

    /**
     * What the cost is counted as. Of garbage it is one small object more than there is: a part of
     * an object an operation, of which one build may have twice as much as the other, is nothing.
     */
    private double cost(Build.Figures figures) {
      return this == TIME ? figures.nanos() : figures.bytes() + SMALL_OBJECT;
    }

    private String show(double value) {
      if (this == GARBAGE) {
        return String.format(Locale.ROOT, "%.1f B", value);
      }
      return value < 10_000
          ? String.format(Locale.ROOT, "%.1f ns", value)
          : String.format(Locale.ROOT, "%.1f µs", value / 1000);
    }
  }

  private static final int SMALL_OBJECT = 16;

  private final List<Pair> pairs = new ArrayList<>();

  void add(Pair pair) {
    pairs.add(pair);
  }

  List<Pair> all() {
    return List.copyOf(pairs);
  }

  /** How much the second build costs, in costs of the first. */
  Interval interval(Measure measure) {
    return Interval.of(
        pairs.stream()
            .mapToDouble(pair -> measure.cost(pair.head) / measure.cost(pair.base))
            .toArray());
  }

  /**
   * Whether the second build is worse by more than a bound, with the whole interval.
   *
   * @param bound percent, above 0
   */
  boolean fails(Measure measure, double bound) {
    return Interval.percent(interval(measure).low()) > bound;
  }

  /**
   * Whether it is to be measured again before anything is said of it.
   *
   * @param bound percent
   * @param small whether also for a difference within the bound
   */
  boolean isSuspect(double bound, boolean small) {
    for (Measure measure : Measure.values()) {
      Interval interval = interval(measure);
      if (Interval.percent(interval.middle()) > bound || (small && interval.differs())) {
        return true;
      }
    }
    return false;
  }

  /** The verdict in words. */
  String verdict(Measure measure, double bound) {
    Interval interval = interval(measure);
    if (!interval.differs()) {
      return "no difference shown";
    }
    String verdict = interval.low() > 1 ? measure.worse : measure.better;
    return fails(measure, bound) ? verdict + ", beyond the bound" : verdict;
  }

  /** A line of the table. */
  String line(Route route, Measure measure, double bound) {
    Interval interval = interval(measure);
    return String.format(
        Locale.ROOT,
        "%-10s  %-7s  %11s  %11s  %+7.1f %%  (%+.1f to %+.1f)  %s",
        route.text(),
        measure.text,
        measure.show(median(pair -> measure.of(pair.base))),
        measure.show(median(pair -> measure.of(pair.head))),
        Interval.percent(interval.middle()),
        Interval.percent(interval.low()),
        Interval.percent(interval.high()),
        verdict(measure, bound));
  }

  private double median(ToDoubleFunction<Pair> value) {
    double[] sorted = pairs.stream().mapToDouble(value).sorted().toArray();
    return (sorted[(sorted.length - 1) / 2] + sorted[sorted.length / 2]) / 2;
  }
}
