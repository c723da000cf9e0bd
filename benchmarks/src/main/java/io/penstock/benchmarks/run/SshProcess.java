// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.run;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.penstock.benchmarks.server.Server;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.util.Arrays;
import java.util.List;

/** A client in a process of its own that answers what it is asked. */
record SshProcess(Server server, Process process, BufferedReader output) implements SshClient {
  static SshProcess start(Server server, List<String> command) throws IOException {
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    return new SshProcess(
        server,
        process,
        new BufferedReader(new InputStreamReader(process.getInputStream(), UTF_8)));
  }

  private double[] ask(String what, long number) throws IOException {
    process.getOutputStream().write((what + " " + number + "\n").getBytes(UTF_8));
    process.getOutputStream().flush();
    String line = output.readLine();
    if (line == null) {
      throw new IOException("the client of " + server + " has ended, expected its " + what);
    }
    return Arrays.stream(line.split(" ", -1)).mapToDouble(Double::parseDouble).toArray();
  }

  @Override
  public double push(long bytes) throws IOException {
    return ask("push", bytes)[0];
  }

  @Override
  public double pull(long bytes) throws IOException {
    return ask("pull", bytes)[0];
  }

  /** Percentiles 50 and 99, in ns, of a command that does nothing. */
  double[] trips(int count) throws IOException {
    return ask("trips", count);
  }

  /** Bytes of heap for each of so many channels. */
  double idle(int count) throws IOException {
    return ask("idle", count)[0];
  }

  @Override
  public void close() {
    process.destroyForcibly();
    process.onExit().join();
  }
}
