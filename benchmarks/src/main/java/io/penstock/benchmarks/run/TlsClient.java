// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.run;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.penstock.benchmarks.server.Server;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.util.List;

/** A client that writes over TLS, in a process of its own. */
record TlsClient(Server server, Process process, BufferedReader output) implements AutoCloseable {
  static TlsClient start(Server server, List<String> command) throws IOException {
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    return new TlsClient(
        server,
        process,
        new BufferedReader(new InputStreamReader(process.getInputStream(), UTF_8)));
  }

  /** GB/s into the server. */
  double flood(int chunk, int millis) throws IOException {
    process.getOutputStream().write((chunk + " " + millis + "\n").getBytes(UTF_8));
    process.getOutputStream().flush();
    String line = output.readLine();
    if (line == null) {
      throw new IOException("the client of " + server + " has ended, expected its speed");
    }
    return Double.parseDouble(line);
  }

  @Override
  public void close() {
    process.destroyForcibly();
    process.onExit().join();
  }
}
