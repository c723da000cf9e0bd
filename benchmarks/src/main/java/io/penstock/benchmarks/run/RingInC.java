// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.run;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The program of ring.c, as it was compiled for this run. */
record RingInC(Path program) {
  private String run(String... arguments) throws IOException, InterruptedException {
    Process process = start(List.of(), arguments);
    try {
      String answer = new String(process.getInputStream().readAllBytes(), UTF_8).trim();
      if (!process.waitFor(60, TimeUnit.SECONDS) || process.exitValue() != 0) {
        throw new IOException(program + " " + List.of(arguments) + " failed: " + answer);
      }
      return answer;
    } finally {
      process.destroyForcibly();
    }
  }

  private Process start(List<String> prefix, String... arguments) throws IOException {
    List<String> command = new ArrayList<>(prefix);
    command.add(program.toString());
    command.addAll(List.of(arguments));
    return new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
  }

  /** Compares every byte of some. */
  void verify(int chunk, int buffer) throws IOException, InterruptedException {
    String answer = run("check", Integer.toString(chunk), Integer.toString(buffer));
    if (!answer.equals("ok")) {
      throw new IOException("the ring in C answered '" + answer + "', expected 'ok'");
    }
  }

  /** Bytes a second. */
  double measure(int chunk, int buffer, int millis) throws IOException, InterruptedException {
    return Double.parseDouble(
        run(Integer.toString(chunk), Integer.toString(buffer), Integer.toString(millis)));
  }

  /** Keeps the last core busy; ends with its standard input, and so with this process. */
  Process spin() throws IOException {
    return start(Cores.last(), "spin");
  }
}
