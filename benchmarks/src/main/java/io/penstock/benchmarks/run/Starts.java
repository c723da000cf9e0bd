// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.run;

import io.penstock.benchmarks.report.Sample.Kind;
import io.penstock.benchmarks.report.Texts;
import io.penstock.benchmarks.server.Server;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** How long programs take from their start until the first byte has come through them. */
final class Starts {
  private static final String PENSTOCK = "PENSTOCK";
  private static final String SELF = "stdio:";
  private static final String CHILD = "exec:cat";

  /** Takes what was measured. */
  interface Found {
    void add(Kind kind, String setting, String who, int number, double value);
  }

  private final int times;
  private final Found found;

  private Starts(int times, Found found) {
    this.times = times;
    this.found = found;
  }

  /**
   * Measures.
   *
   * @param jdks the programs that start them, by their names
   */
  static void measure(Map<String, Path> jdks, boolean brief, Found found)
      throws IOException, InterruptedException {
    Starts starts = new Starts(brief ? 1 : 15, found);
    for (Map.Entry<String, Path> each : jdks.entrySet()) {
      String setting = Texts.START + each.getKey();
      Path java = each.getValue();
      Map<String, String> home =
          Map.of("JAVA_HOME", java.resolve("..").resolve("..").normalize().toString());
      starts.of(setting, PENSTOCK, home, List.of("./penstock", "relay", "-u", SELF, SELF));
      starts.of(setting + Texts.CHILD, PENSTOCK, home, List.of("./penstock", "relay", SELF, CHILD));
      starts.of(
          setting,
          Server.JDK_BLOCKING.name(),
          Map.of(),
          List.of(
              java.toString(),
              "-XX:+UseSerialGC",
              "-cp",
              "benchmarks/target/classes",
              FirstByte.class.getName()));
    }
    if (Server.SOCAT_64.missing(Path.of("")).isEmpty()) {
      String setting = Texts.START + jdks.keySet().iterator().next();
      String socat = Server.SOCAT_64.name();
      starts.of(setting, socat, Map.of(), List.of("socat", "-u", "STDIN", "STDOUT"));
      starts.of(setting + Texts.CHILD, socat, Map.of(), List.of("socat", "STDIO", "EXEC:cat"));
    }
  }

  private void of(String setting, String who, Map<String, String> environment, List<String> command)
      throws IOException, InterruptedException {
    // The first one may have to make an archive of classes.
    double unused = millis(environment, command);
    double[] all = new double[times];
    for (int i = 0; i < times; i++) {
      all[i] = millis(environment, command);
    }
    Arrays.sort(all);
    found.add(Kind.START, setting, who, 1, all[times / 2]);
  }

  private static double millis(Map<String, String> environment, List<String> command)
      throws IOException, InterruptedException {
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().putAll(environment);
    builder.redirectError(ProcessBuilder.Redirect.INHERIT);
    long begun = System.nanoTime();
    Process process = builder.start();
    try (OutputStream input = process.getOutputStream()) {
      input.write('x');
      input.flush();
      int got = process.getInputStream().read();
      long end = System.nanoTime();
      if (got != 'x') {
        throw new IOException(command + " answered " + got + ", expected 'x'");
      }
      return (end - begun) / 1e6;
    } finally {
      process.getOutputStream().close();
      int unused = process.waitFor();
    }
  }

  /** The least that a program in Java does: it passes one byte on. */
  static final class FirstByte {
    private FirstByte() {}

    public static void main(String[] arguments) throws IOException {
      int first = System.in.read();
      System.out.write(first);
      System.out.flush();
      // Until its input ends.
      int unused = System.in.read();
    }
  }
}
