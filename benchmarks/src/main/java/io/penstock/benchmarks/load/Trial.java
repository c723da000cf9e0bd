// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.load;

import io.penstock.benchmarks.report.Sample.Kind;
import java.util.Locale;

/**
 * A process that measures one of the peers, within its own JVM, and tells each figure in a line of
 * its own: kind, setting, number and value, with tabs between.
 */
public final class Trial {
  /** What is measured. */
  public enum Subject {
    /** Pipes with several writers, several readers, and many at once. */
    FAN,
    /** Requests over some pairs of channels in memory, beside many idle ones. */
    PAIRS,
    /** Bytes of heap of what is idle. */
    FOOTPRINT,
    /** Bytes that are allocated for a piece that goes through a pipe. */
    GARBAGE,
    /** What one slow reader costs the others. */
    SLOW;

    /** As the command line has it. */
    public String text() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  private Trial() {}

  /**
   * Measures.
   *
   * @param arguments what, the peer, "short" or "long"
   */
  public static void main(String[] arguments) {
    try {
      measure(arguments);
    } catch (Exception | Error e) {
      e.printStackTrace();
      // Otherwise the threads of a peer would go on, and the run would wait for this process for
      // good.
      System.exit(1);
    }
    System.exit(0);
  }

  private static void measure(String[] arguments) throws Exception {
    Subject subject = Subject.valueOf(arguments[0].toUpperCase(Locale.ROOT));
    String who = arguments[1];
    boolean brief = arguments[2].equals("short");
    switch (subject) {
      case FAN -> Fan.measure(who, brief);
      case PAIRS -> Pairs.measure(who, brief);
      case FOOTPRINT -> Footprint.measure(who, brief);
      case GARBAGE -> Garbage.measure(who, brief);
      case SLOW -> Broadcast.measure(who, brief);
    }
  }

  /** Tells one figure, in the unit of its kind. */
  static void tell(Kind kind, String setting, int number, double value) {
    System.out.println(kind + "\t" + setting + "\t" + number + "\t" + value);
  }
}
