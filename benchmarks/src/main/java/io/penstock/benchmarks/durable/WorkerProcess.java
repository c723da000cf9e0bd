// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.durable;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A {@link Worker}, from the side of the session. */
final class WorkerProcess implements AutoCloseable {
  /** Of every worker. */
  static final List<String> JVM = List.of("-Xms512m", "-Xmx512m", "-XX:+UseParallelGC");

  /** On the newest JDK, Netty otherwise frees no buffer that the journal has made itself. */
  private static final String FOR_THE_JOURNAL = "-Dio.netty.noUnsafe=false";

  private final Peer peer;
  private final Path log;
  private final Process process;
  private final BufferedReader output;

  /**
   * Starts it.
   *
   * @param log where its standard error goes
   */
  WorkerProcess(Peer peer, String where, Path log) throws IOException {
    this.peer = peer;
    this.log = log;
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(JVM);
    if (peer == Peer.ARTEMIS) {
      command.add(FOR_THE_JOURNAL);
    }
    command.addAll(
        List.of(
            "-cp",
            System.getProperty("java.class.path"),
            Worker.class.getName(),
            peer.name(),
            where));
    this.process =
        new ProcessBuilder(command)
            .redirectError(ProcessBuilder.Redirect.appendTo(log.toFile()))
            .start();
    this.output = process.inputReader(UTF_8);
  }

  /** Gives a command and waits for its first answer: what stands behind "ok". */
  List<String> ask(String command) throws IOException {
    process.getOutputStream().write((command + "\n").getBytes(UTF_8));
    process.getOutputStream().flush();
    return next();
  }

  /** The next answer. */
  List<String> next() throws IOException {
    String line = output.readLine();
    if (line == null || !line.startsWith("ok ")) {
      List<String> told = Files.exists(log) ? Files.readAllLines(log, UTF_8) : List.of();
      throw new IOException(
          peer
              + " answers "
              + (line == null ? "nothing" : line)
              + "; it has said\n"
              + String.join("\n", told.subList(Math.max(0, told.size() - 40), told.size())));
    }
    return List.of(line.substring("ok ".length()).split(" "));
  }

  /** Kills it. */
  @Override
  public void close() {
    process.destroyForcibly();
    process.onExit().join();
  }
}
