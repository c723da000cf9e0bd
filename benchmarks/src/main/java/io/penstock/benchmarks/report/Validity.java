// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.report;

import io.penstock.benchmarks.report.Sample.Kind;
import io.penstock.benchmarks.report.Sample.Load;
import io.penstock.benchmarks.report.Sample.Subject;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * That no peer was held back: each reaches at least half of the ratio to the ring in C that it had
 * when it was first measured, with care for it alone. Quiet, 64 KiB buffer.
 */
record Validity(String peer, int chunk, double expected, Optional<Double> measured) {
  /** GB/s of the ring in C, then, for chunks of 1 B, 64 B, 1 KiB, 8 KiB and 64 KiB. */
  private static final List<Double> LIMIT = List.of(.58, 4.15, 22.3, 60., 40.);

  private static final double SLACK = 1.25;

  /** From such chunks on, a peer that copies to fresh memory may be faster than any ring. */
  private static final int FRESH = 8 * 1024;

  private static final Map<String, List<Double>> REFERENCE = reference();

  private static Map<String, List<Double>> reference() {
    Map<String, List<Double>> of = new LinkedHashMap<>();
    of.put(Gate.PIPED, List.of(.0058, .34, 1.64, 1.44, .98));
    of.put(Gate.OKIO, List.of(.0108, .53, 1.11, 1.58, 1.22));
    of.put(Gate.QUEUE, List.of(.0111, .50, 1.07, 1.58, 2.71));
    of.put(Gate.NETTY, List.of(.0056, .34, 1.76, 9.9, 22.));
    of.put(Gate.JCTOOLS, List.of(.031, 4.0, 7.6, 19.8, 19.3));
    of.put(Gate.AGRONA, List.of(.019, 2.53, 3.7, 27.1, 6.));
    return of;
  }

  /** Measured to expected; 1 is as it was. */
  Optional<Double> part() {
    return measured.map(ratio -> ratio / expected);
  }

  /** A peer of no gate may be slow: Agrona's figures lie far apart in each run. */
  boolean valid() {
    return part().isEmpty() || part().get() >= .5 || peer.equals(Gate.AGRONA);
  }

  /** Every peer and chunk of the reference; those that were not measured have no ratio. */
  static List<Validity> check(Figures figures) {
    List<Validity> all = new ArrayList<>();
    REFERENCE.forEach(
        (peer, speeds) -> {
          for (int i = 0; i < speeds.size(); i++) {
            Subject key =
                new Subject(Kind.THROUGHPUT, Load.QUIET, Sample.GATES, peer, Texts.CHUNKS.get(i));
            all.add(
                new Validity(
                    peer,
                    Texts.CHUNKS.get(i),
                    speeds.get(i) / LIMIT.get(i),
                    figures.ratio(key, key.of(Sample.C_RING)).map(Figures.Spread::median)));
          }
        });
    return all;
  }

  /**
   * Chunks of less than 8 KiB at which a peer was clearly faster than the ring in C, which is the
   * limit: something else ran beside it, and no ratio to it means anything. By less they differ
   * from round to round, as the fastest peer reaches .96 of the limit at 64 B.
   */
  static List<Integer> withoutLimit(Figures figures) {
    return Texts.CHUNKS.stream()
        .filter(chunk -> chunk < FRESH)
        .filter(
            chunk -> {
              Subject limit =
                  new Subject(Kind.THROUGHPUT, Load.QUIET, Sample.GATES, Sample.C_RING, chunk);
              return REFERENCE.keySet().stream()
                  .map(peer -> figures.ratio(limit.of(peer), limit))
                  .anyMatch(ratio -> ratio.isPresent() && ratio.get().median() > SLACK);
            })
        .toList();
  }
}
