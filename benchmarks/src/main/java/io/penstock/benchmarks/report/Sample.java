// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.report;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * One figure of one round.
 *
 * @param subject what was measured
 * @param round from 0 on; figures of the same round were measured in turns, or one after the other
 * @param value in the unit of the kind
 */
public record Sample(Subject subject, int round, double value) {
  /** What was measured. */
  public enum Kind {
    /** GB/s. */
    THROUGHPUT,
    /** Of a round trip, in ns. */
    P50,
    /** Of a round trip, in ns. */
    P99,
    /** Of a request that was due at a time of its own, in ns. */
    P90,
    /** The same. */
    P99_9,
    /** The same. */
    P99_99,
    /** The longest, in ns. */
    MAX,
    /** How late the generator was itself, percentile 99, in ns. */
    LATE,
    /** Of one array, in ns. */
    HAND_OVER,
    /** Bytes per chunk, trip, array or request. */
    ALLOCATION,
    /** Thousand a second. */
    REQUESTS,
    /** Million a second. */
    LINES,
    /** Bytes per idle connection, pipe or channel. */
    HEAP,
    /** Seconds of processors per GB. */
    CPU,
    /** Until it goes on after a kill, in ns. */
    RECOVERY,
    /** From the start of a program until the first byte has come through it, in ms. */
    START;

    /** Whether less is better. */
    boolean isCost() {
      return this != THROUGHPUT && this != REQUESTS && this != LINES;
    }
  }

  /** What else ran on the machine. */
  public enum Load {
    /** Nothing. */
    QUIET,
    /** A process that keeps one core busy. */
    CONTENDED
  }

  /**
   * What was measured, of whom and how.
   *
   * @param setting "gates" for what the gates are about, otherwise what is different
   * @param chunk bytes; where a suite changes a number, such as that of connections, that
   */
  public record Subject(Kind kind, Load load, String setting, String peer, int chunk) {
    /** The same of another peer. */
    public Subject of(String other) {
      return new Subject(kind, load, setting, other, chunk);
    }
  }

  /** The setting of what the gates are about. */
  public static final String GATES = "gates";

  /** The ring in C among the peers. */
  public static final String C_RING = "C_RING";

  /** Writes them one to a line. */
  public static void write(Path file, List<Sample> samples) throws IOException {
    Files.write(
        file,
        samples.stream()
            .map(
                s ->
                    String.join(
                        "\t",
                        s.subject.kind.name(),
                        s.subject.load.name(),
                        s.subject.setting,
                        s.subject.peer,
                        Integer.toString(s.subject.chunk),
                        Integer.toString(s.round),
                        Double.toString(s.value)))
            .toList());
  }

  /** Reads what {@link #write} wrote. */
  public static List<Sample> read(Path file) throws IOException {
    return Files.readAllLines(file).stream().map(Sample::parse).toList();
  }

  private static Sample parse(String line) {
    List<String> parts = List.of(line.split("\t"));
    if (parts.size() != 7) {
      throw new IllegalArgumentException(
          "'" + line + "' has " + parts.size() + " parts, expected 7");
    }
    return new Sample(
        new Subject(
            Kind.valueOf(parts.get(0)),
            Load.valueOf(parts.get(1)),
            parts.get(2),
            parts.get(3),
            Integer.parseInt(parts.get(4))),
        Integer.parseInt(parts.get(5)),
        Double.parseDouble(parts.get(6)));
  }
}
