// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.run;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.penstock.benchmarks.server.Address;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The program of load.c, as it was compiled for this run.
 *
 * @param cores what its command is to begin with, so that it runs where it shall
 */
record LoadInC(Path program, List<String> cores) {
  /** What is done while the idle connections are there. */
  interface WhileIdle {
    void run() throws IOException;
  }

  /** The server was alive and did nothing. */
  static final class StoodStill extends IOException {
    private static final long serialVersionUID = 1;

    StoodStill(String message) {
      super(message);
    }
  }

  /**
   * Milliseconds until connections that came are as they stay. A poller of ours asks the system
   * anew for each of them, for the last time after seven to eight seconds.
   */
  static final int SETTLED = 10_000;

  /** What load.c says then. */
  private static final String STILL = "the server said nothing";

  /** What it printed, as numbers. */
  private static double[] run(List<String> command) throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.PIPE).start();
    try (BufferedReader output =
        new BufferedReader(new InputStreamReader(process.getInputStream(), UTF_8))) {
      String line = output.readLine();
      if (process.waitFor() != 0 || line == null) {
        String error = new String(process.getErrorStream().readAllBytes(), UTF_8).trim();
        String failure = String.join(" ", command) + ": " + error;
        throw error.startsWith(STILL) ? new StoodStill(failure) : new IOException(failure);
      }
      return Arrays.stream(line.split(" ")).mapToDouble(Double::parseDouble).toArray();
    } finally {
      process.destroyForcibly();
    }
  }

  private double[] run(String mode, Address address, Object... arguments)
      throws IOException, InterruptedException {
    return run(command(mode, address, arguments));
  }

  private List<String> command(String mode, Address address, Object... arguments) {
    List<String> command = new ArrayList<>(cores);
    command.addAll(List.of(program.toString(), mode, address.text()));
    for (Object argument : arguments) {
      command.add(argument.toString());
    }
    return command;
  }

  /** GB/s into a server that counts, and how many bytes that were. */
  double[] flood(Address address, int chunk, int millis) throws IOException, InterruptedException {
    return run("flood", address, chunk, millis);
  }

  /** GB/s of each way to a server that echoes, and how many bytes went both ways. */
  double[] both(Address address, int chunk, int millis) throws IOException, InterruptedException {
    return run("both", address, chunk, millis);
  }

  /** Percentiles 50, 99 and 99.9, in ns, of a round trip of 64 B to a server that echoes. */
  double[] trip(Address address, boolean spin, int millis)
      throws IOException, InterruptedException {
    return run("trip", address, spin ? "spin" : "wait", millis);
  }

  /** Million lines a second into a server that counts them. */
  double lines(Address address, int millis) throws IOException, InterruptedException {
    return run("lines", address, millis)[0];
  }

  /**
   * Asks a server until it is compiled. It has to see connections end, too: at the first ones much
   * of it is compiled anew, beside the requests of the next.
   */
  void warmUp(Address address, int active, int millis) throws IOException, InterruptedException {
    requests(address, active, 0, millis, 100, () -> {});
    requests(address, active, 0, millis, 100, () -> {});
  }

  /** Requests a second and percentiles 50, 99 and 99.9, in ns, of a server that echoes lines. */
  double[] requests(
      Address address, int active, int idle, int warm, int millis, WhileIdle whileIdle)
      throws IOException, InterruptedException {
    try (Clients clients = clients(address, active, idle)) {
      whileIdle.run();
      double[] found = clients.ask(warm, millis);
      clients.end();
      return found;
    }
  }

  /** Clients of a server that echoes lines, the idle ones connected. */
  Clients clients(Address address, int active, int idle) throws IOException, InterruptedException {
    return Clients.start(command("requests", address, active, idle));
  }

  /** Heap of each idle connection, in bytes, beside some active ones. */
  double heap(ServerProcess server, int active, int idle) throws IOException, InterruptedException {
    long before = server.heap();
    long[] with = new long[1];
    double[] unused =
        requests(server.address(), active, idle, 1, 20, () -> with[0] = server.heap());
    return (double) (with[0] - before) / idle;
  }
}
