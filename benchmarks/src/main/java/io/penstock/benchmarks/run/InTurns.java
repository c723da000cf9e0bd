// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.run;

import io.penstock.benchmarks.peer.Peer;
import io.penstock.benchmarks.peer.Shape;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Peers of the pipe, each in a process of its own, that take turns. Where two cores are near each
 * other for some seconds, and far for others, figures that lie seconds apart say nothing of each
 * other.
 */
final class InTurns implements AutoCloseable {
  /** How many turns each has. */
  static final int TURNS = 9;

  /** How long one takes. */
  static final int MILLIS = 100;

  /** Until the compiler has done its work. */
  private static final int WARM_UP_MILLIS = 1000;

  private static final int SLOW_WARM_UP_MILLIS = 5000;

  private static final int BRIEF_MILLIS = 10;

  /** What can be asked for a moment. */
  interface Subject {
    /** Measures for so long. */
    double[] measure(int millis) throws Exception;
  }

  private final boolean brief;
  private final Path java;
  private final List<String> options;
  private final List<Asked> processes = new ArrayList<>();
  private final Map<String, Subject> subjects = new LinkedHashMap<>();

  /**
   * Nobody yet.
   *
   * @param options of the JVM
   */
  InTurns(boolean brief, Path java, List<String> options) {
    this.brief = brief;
    this.java = java;
    this.options = options;
  }

  /** Starts these, and warms them up. */
  InTurns start(Moves.What what, List<Peer> peers, int chunk, Shape.Users users)
      throws IOException {
    for (Peer peer : peers) {
      List<String> command = new ArrayList<>(List.of(java.toString()));
      command.addAll(options);
      command.addAll(
          List.of(
              "-cp",
              System.getProperty("java.class.path"),
              Moves.class.getName(),
              what.name(),
              peer.name(),
              Integer.toString(chunk),
              users.name()));
      Asked process = Asked.start(command);
      processes.add(process);
      int warmUp = peer.isSlowToWarm() ? SLOW_WARM_UP_MILLIS : WARM_UP_MILLIS;
      double[] unused = process.ask(brief ? BRIEF_MILLIS : warmUp);
      add(peer.name(), process::ask);
    }
    return this;
  }

  /** Lets something else take turns with them. */
  void add(String name, Subject subject) {
    subjects.put(name, subject);
  }

  /** The medians of what each has found. */
  Map<String, double[]> measure() throws Exception {
    Map<String, double[]> found = new LinkedHashMap<>();
    Turns.take(
            brief ? 1 : TURNS,
            List.copyOf(subjects.entrySet()),
            one -> one.getValue().measure(brief ? BRIEF_MILLIS : MILLIS))
        .forEach((one, medians) -> found.put(one.getKey(), medians));
    return found;
  }

  @Override
  public void close() {
    processes.forEach(Asked::close);
  }
}
