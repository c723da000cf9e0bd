// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.run;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.util.Arrays;
import java.util.List;

/** A process that answers each line with one of numbers. */
record Asked(Process process, BufferedReader output) implements AutoCloseable {
  static Asked start(List<String> command) throws IOException {
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    return new Asked(
        process, new BufferedReader(new InputStreamReader(process.getInputStream(), UTF_8)));
  }

  double[] ask(Object... words) throws IOException {
    String question = String.join(" ", Arrays.stream(words).map(String::valueOf).toList());
    process.getOutputStream().write((question + "\n").getBytes(UTF_8));
    process.getOutputStream().flush();
    String line = output.readLine();
    if (line == null) {
      throw new IOException("a process that measures has ended, it was asked: " + question);
    }
    return Arrays.stream(line.split(" ", -1)).mapToDouble(Double::parseDouble).toArray();
  }

  @Override
  public void close() {
    process.destroyForcibly();
    process.onExit().join();
  }
}
