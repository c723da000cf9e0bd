// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.run;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.penstock.benchmarks.server.Address;
import io.penstock.benchmarks.server.Server;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** A server that runs, in a process of its own; it ends with its standard input. */
final class ServerProcess implements AutoCloseable {
  /**
   * The first of four fields: of its own the time of users and that of the system, then of others.
   */
  private static final int USER = 11;

  /** A second has so many; of all systems that run the benchmarks. */
  private static final double TICKS = 100;

  private final Server server;
  private final Process process;
  private final BufferedReader output;
  private final Address address;

  private ServerProcess(Server server, Process process, Address asked) throws IOException {
    this.server = server;
    this.process = process;
    this.output = new BufferedReader(new InputStreamReader(process.getInputStream(), UTF_8));
    this.address = announced(asked);
  }

  /** Starts it, and waits until it listens. */
  static ServerProcess start(Server server, List<String> command, Address asked)
      throws IOException {
    ProcessBuilder builder = new ProcessBuilder(command);
    // socat tells where it listens on standard error, and then what it does.
    boolean talks = server == Server.SOCAT_64 || server == Server.SOCAT_256;
    builder.redirectErrorStream(talks);
    if (!talks) {
      builder.redirectError(ProcessBuilder.Redirect.INHERIT);
    }
    Process process = builder.start();
    try {
      return new ServerProcess(server, process, asked);
    } catch (IOException | RuntimeException e) {
      process.destroyForcibly();
      throw e;
    }
  }

  private Address announced(Address asked) throws IOException {
    for (String line; (line = output.readLine()) != null; ) {
      if (line.toLowerCase(Locale.ROOT).contains("listening ")) {
        return asked.text().equals("tcp:0")
            ? new Address("tcp:" + line.substring(line.lastIndexOf(':') + 1))
            : asked;
      }
    }
    throw new IOException(server + " has ended without listening at " + asked.text());
  }

  Server server() {
    return server;
  }

  /** Where it listens. */
  Address address() {
    return address;
  }

  /** Bytes of its heap that are in use after garbage was collected. */
  long heap() throws IOException {
    return ask("heap");
  }

  /** Bytes that its threads have allocated since it began. */
  long allocated() throws IOException {
    return ask("allocated");
  }

  /**
   * Seconds of processors that it and all that it has started have used. Waits until what it has
   * started for a connection has gone, for only then all of that counts.
   */
  double cpu() throws IOException {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(2);
    while (process.descendants().findAny().isPresent() && System.nanoTime() < end) {
      LockSupport.parkNanos(1_000_000);
    }
    String stat = Files.readString(Path.of("/proc", Long.toString(process.pid()), "stat"));
    // What comes before may have blanks: the name of the program.
    String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
    long ticks = 0;
    for (int i = USER; i < USER + 4; i++) {
      ticks += Long.parseLong(fields[i]);
    }
    return ticks / TICKS;
  }

  private long ask(String what) throws IOException {
    process.getOutputStream().write((what + "\n").getBytes(UTF_8));
    process.getOutputStream().flush();
    String line = output.readLine();
    if (line == null) {
      throw new IOException(server + " has ended, expected what it was asked: " + what);
    }
    return Long.parseLong(line);
  }

  @Override
  public void close() {
    process.destroyForcibly();
    process.onExit().join();
  }
}
