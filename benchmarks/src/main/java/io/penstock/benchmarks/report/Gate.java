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
 * @param fastMode whether a peer counts with its best fork
 * @param bound the least ratio, or for times the greatest
 */
record Gate(
    String what, boolean aim, Subject ours, List<String> peers, boolean fastMode, double bound) {
  static final String PENSTOCK = "PENSTOCK";
  static final String PIPED = "PIPED_STREAMS";
  static final String OKIO = "OKIO";
  static final String QUEUE = "ARRAY_BLOCKING_QUEUE";
  static final String NETTY = "NETTY";
  static final String NIO = "NIO_PIPE";
  static final String JCTOOLS = "JCTOOLS";
  static final String AGRONA = "AGRONA";
  static final String RAW_SPIN = "RAW_SPIN";
  static final List<String> PIPES = List.of(PIPED, OKIO, QUEUE);
  static final List<String> PARKING = List.of(PIPED, NIO, OKIO, QUEUE, NETTY);

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
            : best.flatMap(
                peer ->
                    fastMode
                        ? figures.ratioToLeast(ours, ours.of(peer))
                        : figures.ratio(ours, ours.of(peer)));
    return new Outcome(this, best, ratio);
  }

  private static final class Rows {
    private final List<Gate> gates = new ArrayList<>();

    void throughput(Load load, int chunk, boolean aim, double bound, List<String> peers) {
      String what =
          "pipe, " + Texts.size(chunk) + " chunks, " + load.name().toLowerCase(Locale.ROOT);
      gates.add(
          new Gate(
              what,
              aim,
              new Subject(Kind.THROUGHPUT, load, Sample.GATES, PENSTOCK, chunk),
              peers,
              false,
              bound));
    }

    void trip(
        String setting, Load load, boolean aim, double bound, boolean fastMode, String... peers) {
      String what =
          "round trip, "
              + (setting.equals(Sample.GATES) ? "" : setting + ", ")
              + load.name().toLowerCase(Locale.ROOT);
      gates.add(
          new Gate(
              what,
              aim,
              new Subject(Kind.P50, load, setting, PENSTOCK, 1),
              List.of(peers),
              fastMode,
              bound));
    }
  }

  /** All of them. */
  static List<Gate> all() {
    Rows rows = new Rows();
    rows.throughput(Load.QUIET, 8192, false, 10, PIPES);
    rows.throughput(Load.QUIET, 8192, false, 1, List.of(AGRONA));
    rows.throughput(Load.QUIET, 8192, true, .55, List.of(Sample.C_RING));
    rows.throughput(Load.QUIET, 64, false, 3.5, PARKING);
    rows.throughput(Load.QUIET, 64, true, 1, List.of(JCTOOLS));
    rows.throughput(Load.QUIET, 1, false, 2.5, PARKING);
    rows.throughput(Load.QUIET, 1, true, 10, PARKING);
    rows.throughput(Load.QUIET, 1024, false, 2, List.of(PIPED));
    rows.throughput(Load.QUIET, 1024, true, 1, List.of(JCTOOLS));
    rows.throughput(Load.QUIET, 1024, true, .7, List.of(Sample.C_RING));
    rows.throughput(Load.QUIET, 65536, false, 2, List.of(QUEUE));
    rows.throughput(Load.QUIET, 65536, true, 1, List.of(NETTY));
    rows.throughput(Load.QUIET, 1048576, false, 1, List.of(QUEUE));
    rows.throughput(Load.QUIET, 1048576, true, 1, List.of(NETTY));
    for (int chunk : Texts.CHUNKS) {
      rows.throughput(Load.CONTENDED, chunk, false, 1, PIPES);
      if (chunk <= 8192) {
        rows.throughput(Load.CONTENDED, chunk, true, 1.5, PIPES);
      }
    }
    for (String setting : List.of(Sample.GATES, Texts.NEW_JDK)) {
      rows.trip(setting, Load.QUIET, false, 1. / 8, true, OKIO);
      rows.trip(setting, Load.QUIET, true, 1, false, JCTOOLS);
      rows.trip(setting, Load.CONTENDED, false, 1.2, false, OKIO);
      rows.trip(setting, Load.CONTENDED, true, 1, false, OKIO);
    }
    rows.trip(Texts.VIRTUAL, Load.QUIET, false, .5, false, OKIO, QUEUE);
    rows.trip(Texts.VIRTUAL, Load.QUIET, true, 1.5, false, RAW_SPIN);
    Subject given = new Subject(Kind.HAND_OVER, Load.QUIET, Sample.GATES, PENSTOCK, 8192);
    String what = "hand-over of 8 KiB, quiet";
    rows.gates.add(new Gate(what, false, given, List.of(QUEUE), false, 1. / 15));
    rows.gates.add(new Gate(what, true, given, List.of(JCTOOLS), false, 2));
    return List.copyOf(rows.gates);
  }
}
