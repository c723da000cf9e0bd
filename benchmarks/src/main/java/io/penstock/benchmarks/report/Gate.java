// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.report;

import io.penstock.benchmarks.report.Figures.Spread;
import io.penstock.benchmarks.report.Sample.Kind;
import io.penstock.benchmarks.report.Sample.Load;
import io.penstock.benchmarks.report.Sample.Subject;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * What Penstock shall reach, as a ratio to the best of some peers.
 *
 * @param what for people
 * @param aim whether it is only aimed at
 * @param ours the key of Penstock's figure
 * @param peers of whom the best counts; if none, the figure itself and not a ratio
 * @param bound the least ratio, or for times the greatest
 */
record Gate(String what, boolean aim, Subject ours, List<String> peers, double bound) {
  static final String PENSTOCK = "PENSTOCK";
  static final String PIPED = "PIPED_STREAMS";
  static final String OKIO = "OKIO";
  static final String QUEUE = "ARRAY_BLOCKING_QUEUE";
  static final String NETTY = "NETTY";
  static final String NIO = "NIO_PIPE";
  static final String JCTOOLS = "JCTOOLS";
  static final String AGRONA = "AGRONA";
  static final String RAW_SPIN = "RAW_SPIN";

  /** Those that park. */
  static final List<String> PIPES = List.of(PIPED, OKIO, QUEUE);

  /** What came of it. */
  enum Verdict {
    PASS,
    MISSED,
    NOT_MEASURED
  }

  /**
   * What came of it.
   *
   * @param peer the best, by name; empty if none was measured
   */
  record Outcome(Gate gate, Optional<String> peer, Optional<Spread> ratio) {
    /** How many rounds a verdict takes. */
    static final int ROUNDS = 5;

    /** Whether too few rounds were measured to say much. */
    boolean isOfFewRounds() {
      return ratio.filter(r -> r.count() < ROUNDS).isPresent();
    }

    Verdict verdict() {
      return ratio
          .map(r -> gate.holds(r.median()) ? Verdict.PASS : Verdict.MISSED)
          .orElse(Verdict.NOT_MEASURED);
    }

    /** How much better the figure would have to be, as a factor. */
    double missing() {
      double ratio = this.ratio.orElseThrow().median();
      return gate.atMost() ? ratio / gate.bound : gate.bound / ratio;
    }
  }

  /** Whether less is better. */
  boolean atMost() {
    return ours.kind().isCost();
  }

  private boolean holds(double ratio) {
    return atMost() ? ratio <= bound : ratio >= bound;
  }

  Outcome judge(Figures figures) {
    Optional<String> best = figures.best(ours, peers, atMost());
    Optional<Spread> ratio =
        peers.isEmpty()
            ? figures.of(ours)
            : best.flatMap(peer -> figures.ratio(ours, ours.of(peer)));
    return new Outcome(this, best, ratio);
  }

  private static final class Rows {
    private final List<Gate> gates = new ArrayList<>();

    void throughput(Load load, int chunk, double gate, double aim, String... peers) {
      String what =
          "pipe, " + Texts.size(chunk) + " chunks, " + load.name().toLowerCase(Locale.ROOT);
      both(
          what,
          new Subject(Kind.THROUGHPUT, load, Sample.GATES, PENSTOCK, chunk),
          gate,
          aim,
          peers);
    }

    void trip(String setting, double gate, double aim, String... peers) {
      String what = "round trip, " + (setting.equals(Sample.GATES) ? "" : setting + ", ") + "quiet";
      both(what, new Subject(Kind.P50, Load.QUIET, setting, PENSTOCK, 1), gate, aim, peers);
    }

    void both(String what, Subject ours, double gate, double aim, String... peers) {
      gates.add(new Gate(what, false, ours, List.of(peers), gate));
      gates.add(new Gate(what, true, ours, List.of(peers), aim));
    }
  }

  /** All of them. */
  static List<Gate> all() {
    Rows rows = new Rows();
    Subject one = new Subject(Kind.THROUGHPUT, Load.QUIET, Sample.GATES, PENSTOCK, 64);
    String small = "pipe, 64 B chunks, one writer and one reader, quiet";
    rows.gates.add(new Gate(small, false, one, List.of(JCTOOLS), 1));
    rows.gates.add(new Gate(small, false, one, List.of(QUEUE), 3.5));
    rows.gates.add(new Gate(small, true, one, List.of(Sample.C_RING), .9));
    Subject any = new Subject(Kind.THROUGHPUT, Load.QUIET, Texts.ANY_USERS, PENSTOCK, 64);
    rows.both("pipe, 64 B chunks, by default, quiet", any, .85, 1, JCTOOLS);
    rows.throughput(Load.QUIET, 8192, .55, .75, Sample.C_RING);
    rows.throughput(Load.QUIET, 65536, 1.2, 1.5, NETTY);
    rows.throughput(Load.QUIET, 1048576, 1.2, 1.5, NETTY);
    for (int chunk : Texts.CHUNKS) {
      if (chunk <= 8192) {
        rows.throughput(Load.CONTENDED, chunk, 1.5, 2, PIPES.toArray(String[]::new));
      }
    }
    rows.trip(Sample.GATES, 1.25, 1, JCTOOLS);
    rows.trip(Texts.NEW_JDK, 1.25, 1, JCTOOLS);
    rows.trip(Texts.VIRTUAL, 1.6, 1.4, RAW_SPIN);
    Subject given = new Subject(Kind.HAND_OVER, Load.QUIET, Sample.GATES, PENSTOCK, 8192);
    rows.gates.add(new Gate("hand-over of 8 KiB, quiet, ns", false, given, List.of(), 80));
    rows.gates.add(new Gate("hand-over of 8 KiB, quiet", true, given, List.of(JCTOOLS), 3));
    return List.copyOf(rows.gates);
  }
}
