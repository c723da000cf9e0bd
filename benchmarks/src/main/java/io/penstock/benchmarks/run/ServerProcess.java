// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.run;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.penstock.benchmarks.server.Address;
import io.penstock.benchmarks.server.Server;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.util.List;
import java.util.Locale;

/** A server that runs, in a process of its own; it ends with its standard input. */
final class ServerProcess implements AutoCloseable {
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
