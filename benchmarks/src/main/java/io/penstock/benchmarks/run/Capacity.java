// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.run;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;

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
    return Math.min(descriptors, ports) - active - SPARE;
  }

  /** So many idle connections beside the active ones, or as many as there can be; at least 1. */
  int atMost(int idle, int active) {
    return (int) Math.max(1, Math.min(idle, idle(active)));
  }

  /** Those of these numbers that there can be, and in place of the others the most. */
  List<Integer> steps(List<Integer> all, int active) {
    TreeSet<Integer> steps = new TreeSet<>();
    for (int idle : all) {
      steps.add(atMost(idle, active));
    }
    return new ArrayList<>(steps);
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
