// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.compare;

import io.penstock.benchmarks.server.Server;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One of the two builds.
 *
 * @param name for people
 * @param classPath the benchmarks, this build's jars, and the libraries of all
 */
record Build(String name, String classPath) {
  /**
   * How a fork measures.
   *
   * @param warmUp milliseconds
   * @param slices how many; their median is the figure
   * @param slice milliseconds
   */
  record Pace(int warmUp, int slices, int slice) {}

  /**
   * What a fork has found of an operation.
   *
   * @param nanos how long it takes
   * @param bytes what it allocates
   */
  record Figures(double nanos, double bytes) {}

  /** The build has not got what the path needs: a reason, of which people are told. */
  static final class Missing extends Exception {
    private static final long serialVersionUID = 1;

    Missing(String message) {
      super(message);
    }
  }

  /** By then a fork is stuck; it measures for some seconds. */
  private static final int LIMIT_SECONDS = 90;

  /** What a JVM says of a class or method that is not there. */
  private static final Pattern LACKS =
      Pattern.compile(
          "java\\.lang\\.(?:NoClassDefFound|NoSuchMethod|NoSuchField|AbstractMethod"
              + "|IncompatibleClassChange)Error.*");

  private static final Pattern FIGURES = Pattern.compile(Fork.FIGURES + "(\\S+) (\\S+)");

  /**
   * Measures a path in a fresh JVM.
   *
   * @throws Missing if the build lacks a class or method that the path needs
   * @throws IOException if it fails otherwise
   */
  Figures measure(Route route, Pace pace) throws IOException, InterruptedException, Missing {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(Server.JVM);
    command.addAll(List.of("-cp", classPath, Fork.class.getName(), route.text()));
    for (int number : List.of(pace.warmUp, pace.slices, pace.slice)) {
      command.add(Integer.toString(number));
    }
    Path output = Files.createTempFile("penstock-compare", ".txt");
    try {
      return figures(route, run(command, output.toFile()), Files.readString(output));
    } finally {
      Files.delete(output);
    }
  }

  /** Its status; empty if it was stuck. */
  private static Optional<Integer> run(List<String> command, File output)
      throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output).start();
    try {
      return process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)
          ? Optional.of(process.exitValue())
          : Optional.empty();
    } finally {
      process.destroyForcibly();
    }
  }

  private Figures figures(Route route, Optional<Integer> status, String output)
      throws IOException, Missing {
    Matcher found = FIGURES.matcher(output);
    if (status.equals(Optional.of(0)) && found.find()) {
      return new Figures(Double.parseDouble(found.group(1)), Double.parseDouble(found.group(2)));
    }
    Matcher lacks = LACKS.matcher(output);
    if (lacks.find()) {
      throw new Missing(name + " lacks what it needs: " + lacks.group());
    }
    throw new IOException(
        route.text()
            + " with "
            + name
            + " was to print its figures, but "
            + status.map(code -> "ended with status " + code).orElse("was stuck")
            + ":\n"
            + output);
  }
}
