// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.run;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * How many connections between two processes this machine allows.
 *
 * @param descriptors that a process may have
 * @param ports from which one address may connect to one port
 */
record Capacity(long descriptors, long ports) {
  /** Descriptors that a process has besides, and ports that others have. */
  private static final int SPARE = 200;

  /** Of this machine; a process that connects to one port has each of its ports once. */
  static Capacity here() throws IOException {
    return new Capacity(allowedDescriptors(), allowedPorts());
  }

  private static long allowedDescriptors() throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/self/limits"))) {
      if (line.startsWith("Max open files")) {
        String hard = List.of(line.trim().split("\\s+", -1)).get(4);
        return hard.equals("unlimited") ? Long.MAX_VALUE : Long.parseLong(hard);
      }
    }
    throw new IOException("/proc/self/limits does not tell 'Max open files'");
  }

  private static long allowedPorts() throws IOException {
    // Line by line: the system gives this file in one read or not at all.
    String line = Files.readAllLines(Path.of("/proc/sys/net/ipv4/ip_local_port_range")).get(0);
    List<String> range = List.of(line.trim().split("\\s+", -1));
    return Long.parseLong(range.get(1)) - Long.parseLong(range.get(0)) + 1;
  }

  private long idle(int active) {
    // A listener of Penstock, as it is by default, leaves about a fifth of the descriptors alone.
    return Math.min(descriptors / 4 * 3, ports) - active - SPARE;
  }

  /** So many idle connections beside the active ones, or as many as there can be; at least 1. */
  int atMost(int idle, int active) {
    return (int) Math.max(1, Math.min(idle, idle(active)));
  }

  /**
   * Those of these numbers, which grow, that there can be one after the other, and in place of the
   * next the most. The server may still have those of a step when the next one begins.
   */
  List<Integer> steps(List<Integer> all, int active) {
    List<Integer> steps = new ArrayList<>();
    int last = 0;
    for (int idle : all) {
      int next = (int) Math.max(1, Math.min(idle, idle(active) - last));
      if (next <= last) {
        break;
      }
      steps.add(next);
      last = next;
    }
    return steps;
  }

  /** For the report. */
  String text() {
    return "at most "
        + (descriptors == Long.MAX_VALUE ? "any number of" : descriptors)
        + " descriptors a process and "
        + ports
        + " ports; beyond that channels in memory are measured";
  }
}
