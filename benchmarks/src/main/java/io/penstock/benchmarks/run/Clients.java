// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.run;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;

/**
 * The clients of one server, which stay connected: idle ones, and active ones that ask when they
 * are told to. A process of its own, which ends with its standard input.
 */
final class Clients implements AutoCloseable {
  /** The clients of each of several servers, until they are closed. */
  static final class All implements AutoCloseable {
    private final Map<ServerProcess, Clients> byServer = new LinkedHashMap<>();

    void add(ServerProcess server, Clients clients) {
      byServer.put(server, clients);
    }

    Clients of(ServerProcess server) {
      return Objects.requireNonNull(byServer.get(server), "clients");
    }

    /**
     * Has the clients of all servers ask in turn until no connection is new any more, and no
     * compiler has anything left to do that comes with the idle ones.
     */
    void settle(int millis) throws IOException, InterruptedException {
      long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
      do {
        for (Clients clients : byServer.values()) {
          double[] unused = clients.ask(millis / 2, 1);
        }
      } while (System.nanoTime() - end < 0);
    }

    void end() throws IOException, InterruptedException {
      for (Clients clients : byServer.values()) {
        clients.end();
      }
    }

    @Override
    public void close() {
      byServer.values().forEach(Clients::close);
    }
  }

  private final List<String> command;
  private final Process process;
  private final BufferedReader output;

  private Clients(List<String> command, Process process) {
    this.command = command;
    this.process = process;
    this.output = new BufferedReader(new InputStreamReader(process.getInputStream(), UTF_8));
  }

  /** Starts them, and waits until the idle ones are connected. */
  static Clients start(List<String> command) throws IOException, InterruptedException {
    Clients clients = new Clients(command, new ProcessBuilder(command).start());
    try {
      String line = clients.line();
      if (!line.equals("idle")) {
        throw new IOException(String.join(" ", command) + " said '" + line + "', expected 'idle'");
      }
      return clients;
    } catch (IOException | InterruptedException | RuntimeException e) {
      clients.close();
      throw e;
    }
  }

  /**
   * Has each active client ask again as soon as it has its answer.
   *
   * @param warm milliseconds before it counts
   * @param millis for which it counts
   * @return requests a second and percentiles 50, 99 and 99.9, in ns
   */
  double[] ask(int warm, int millis) throws IOException, InterruptedException {
    process.getOutputStream().write((warm + " " + millis + "\n").getBytes(UTF_8));
    process.getOutputStream().flush();
    return Arrays.stream(line().split(" ")).mapToDouble(Double::parseDouble).toArray();
  }

  /** Ends them all, once each idle one was found idle. */
  void end() throws IOException, InterruptedException {
    process.getOutputStream().close();
    if (process.waitFor() != 0) {
      throw failure();
    }
  }

  private String line() throws IOException, InterruptedException {
    String line = output.readLine();
    if (line == null) {
      throw failure();
    }
    return line;
  }

  private IOException failure() throws IOException, InterruptedException {
    String error = new String(process.getErrorStream().readAllBytes(), UTF_8).trim();
    int unused = process.waitFor();
    return new IOException(String.join(" ", command) + ": " + error);
  }

  @Override
  public void close() {
    process.destroyForcibly();
    process.onExit().join();
  }
}
