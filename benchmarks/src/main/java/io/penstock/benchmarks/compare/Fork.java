// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.compare;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.Arrays;

/** A JVM that measures one path with the build that is on its class path. */
public final class Fork {
  /** How a line with figures begins; nanoseconds and bytes of an operation follow. */
  static final String FIGURES = "figures ";

  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private Fork() {}

  /**
   * Measures, and prints the figures.
   *
   * @param arguments the path; milliseconds of warming up; how many slices; milliseconds of each
   */
  @SuppressWarnings("CatchAndPrintStackTrace") // Then it ends.
  public static void main(String[] arguments) {
    try {
      measure(
          Route.parse(arguments[0]).open(),
          nanos(arguments[1]),
          new double[Integer.parseInt(arguments[2])],
          nanos(arguments[3]));
    } catch (Exception | Error e) {
      e.printStackTrace();
      System.exit(1);
    }
    // What serves would go on.
    System.exit(0);
  }

  private static void measure(Load load, long warmUp, double[] costs, long slice) throws Exception {
    long end = System.nanoTime() + warmUp;
    while (System.nanoTime() < end) {
      load.batch();
    }
    long operations = 0;
    long allocated = allocated();
    for (int i = 0; i < costs.length; i++) {
      long count = 0;
      long start = System.nanoTime();
      long now;
      do {
        count += load.batch();
        now = System.nanoTime();
      } while (now - start < slice);
      costs[i] = (double) (now - start) / count;
      operations += count;
    }
    double bytes = allocated() - allocated;
    load.end();
    Arrays.sort(costs);
    System.out.println(FIGURES + costs[costs.length / 2] + " " + Math.max(0, bytes / operations));
  }

  private static long nanos(String milliseconds) {
    return Long.parseLong(milliseconds) * 1_000_000;
  }

  /** Bytes that all threads have allocated. */
  private static long allocated() {
    long sum = 0;
    for (long bytes : THREADS.getThreadAllocatedBytes(THREADS.getAllThreadIds())) {
      // Below 0 for a thread that has just ended.
      sum += Math.max(0, bytes);
    }
    return sum;
  }
}
