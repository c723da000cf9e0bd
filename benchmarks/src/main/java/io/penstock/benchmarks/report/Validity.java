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
import java.util.Set;

/**
 * That no peer was held back: each reaches at least half of the ratio to the ring in C that it had
 * when it was first measured, with care for it alone. Quiet, 64 KiB buffer.
 */
record Validity(String peer, int chunk, double expected, Optional<Double> measured) {
  private static final double SLACK = 1.25;

  /** From such chunks on, a peer that copies to fresh memory may be faster than any ring. */
  private static final int FRESH = 8 * 1024;

  private static final Set<String> OF_NO_GATE = Set.of(Gate.AGRONA, Gate.OKIO);

  /** GB/s for chunks of 1 B, 64 B, 1 KiB, 8 KiB and 64 KiB, on an AMD EPYC. */
  private static final Map<String, List<Double>> AMD = amd();

  /**
   * The same on an Intel Xeon. There JCTools is as slow at 64 B when it is measured alone, with a
   * pause between its looks or without.
   */
  private static final Map<String, List<Double>> INTEL = intel();

  private static Map<String, List<Double>> amd() {
    Map<String, List<Double>> of = new LinkedHashMap<>();
    of.put(Sample.C_RING, List.of(.58, 4.15, 22.3, 60., 40.));
    of.put(Gate.PIPED, List.of(.0058, .34, 1.64, 1.44, .98));
    of.put(Gate.OKIO, List.of(.0108, .53, 1.11, 1.58, 1.22));
    of.put(Gate.QUEUE, List.of(.0111, .50, 1.07, 1.58, 2.71));
    of.put(Gate.NETTY, List.of(.0056, .34, 1.76, 9.9, 22.));
    of.put(Gate.JCTOOLS, List.of(.031, 4.0, 7.6, 19.8, 19.3));
    of.put(Gate.AGRONA, List.of(.019, 2.53, 3.7, 27.1, 6.));
    return of;
  }

  private static Map<String, List<Double>> intel() {
    Map<String, List<Double>> of = new LinkedHashMap<>();
    of.put(Sample.C_RING, List.of(.272, 1.19, 5.27, 8.3, 5.7));
    of.put(Gate.PIPED, List.of(.003, .18, .974, .955, .946));
    of.put(Gate.OKIO, List.of(.00455, .289, 1.1, 1.06, 1.16));
    of.put(Gate.QUEUE, List.of(.0146, .673, 1.25, 1.26, 3.43));
    of.put(Gate.NETTY, List.of(.00135, .105, .995, 4.28, 5.85));
    of.put(Gate.JCTOOLS, List.of(.00753, .326, 2.45, 5.86, 6.1));
    of.put(Gate.AGRONA, List.of(.0326, 1.26, 1.51, 1.85, .424));
    return of;
  }

  /** Measured to expected; 1 is as it was. */
  Optional<Double> part() {
    return measured.map(ratio -> ratio / expected);
  }

  /**
   * A peer of no quiet gate may be slow. Agrona's figures lie far apart in each run. Okio's were
   * three times as high on one day as on the next, on machines of one kind.
   */
  boolean valid() {
    return part().isEmpty() || part().get() >= .5 || OF_NO_GATE.contains(peer);
  }

  /**
   * Every peer and chunk of the reference; those that were not measured have no ratio.
   *
   * @param facts of the machine
   */
  static List<Validity> check(Figures figures, List<String> facts) {
    boolean intel = facts.stream().anyMatch(fact -> fact.startsWith("Machine: Intel"));
    Map<String, List<Double>> reference = new LinkedHashMap<>(intel ? INTEL : AMD);
    List<Double> limit = reference.remove(Sample.C_RING);
    List<Validity> all = new ArrayList<>();
    reference.forEach(
        (peer, speeds) -> {
          for (int i = 0; i < speeds.size(); i++) {
            Subject key =
                new Subject(Kind.THROUGHPUT, Load.QUIET, Sample.GATES, peer, Texts.CHUNKS.get(i));
            all.add(
                new Validity(
                    peer,
                    Texts.CHUNKS.get(i),
                    speeds.get(i) / limit.get(i),
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
              return AMD.keySet().stream()
                  .map(peer -> figures.ratio(limit.of(peer), limit))
                  .anyMatch(ratio -> ratio.isPresent() && ratio.get().median() > SLACK);
            })
        .toList();
  }
}
