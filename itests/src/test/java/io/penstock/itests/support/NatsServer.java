// SPDX-License-Identifier: Apache-2.0
package io.penstock.itests.support;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A server of NATS with JetStream, on a port of its own. */
public final class NatsServer implements AutoCloseable {
  private static final Pattern PORT =
      Pattern.compile("client connections on 127\\.0\\.0\\.1:([0-9]+)");
  private static final Pattern MONITOR =
      Pattern.compile("http monitor on 127\\.0\\.0\\.1:([0-9]+)");
  private static final Pattern CONNECTIONS = Pattern.compile("\"connections\": *([0-9]+)");

  private final Process process;
  private final String url;
  private final URI counts;

  private NatsServer(Process process, String port, String monitor) {
    this.process = process;
    this.url = "nats://127.0.0.1:" + port;
    this.counts = URI.create("http://127.0.0.1:" + monitor + "/varz");
  }

  /**
   * Starts one, and waits until it is ready.
   *
   * @param folder for what it keeps
   * @param more of its options
   */
  public static NatsServer start(Path folder, String... more)
      throws IOException, InterruptedException {
    List<String> command =
        new ArrayList<>(
            List.of(
                program(),
                "-a",
                "127.0.0.1",
                "-p",
                "-1",
                "-m",
                "-1",
                "-js",
                "-sd",
                folder.toString()));
    command.addAll(List.of(more));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String port = "";
    String monitor = "";
    BufferedReader said = process.inputReader();
    String line = said.readLine();
    while (line != null && !line.contains("Server is ready")) {
      port = found(PORT, line, port);
      monitor = found(MONITOR, line, monitor);
      line = said.readLine();
    }
    return new NatsServer(process, port, monitor);
  }

  private static String found(Pattern pattern, String in, String otherwise) {
    Matcher match = pattern.matcher(in);
    return match.find() ? match.group(1) : otherwise;
  }

  private static String program() throws IOException, InterruptedException {
    Process script =
        new ProcessBuilder(System.getenv("PENSTOCK_TREE") + "/config/nats-server").start();
    try (BufferedReader said = script.inputReader()) {
      String program = said.readLine();
      assertEquals(0, script.waitFor(), "config/nats-server has failed");
      return program;
    }
  }

  /** Where clients connect to. */
  public String url() {
    return url;
  }

  /** Waits until the server has no client. */
  public void awaitNoClient() throws IOException {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    String clients;
    do {
      try (InputStream answer = counts.toURL().openStream()) {
        clients = found(CONNECTIONS, new String(answer.readAllBytes(), UTF_8), "?");
      }
      assertTrue(System.nanoTime() < end, clients + " clients have not gone");
    } while (!clients.equals("0"));
  }

  /** Kills it, and waits until it has gone. */
  @Override
  public void close() {
    // What onExit() gives waits for a thread that all of a virtual machine share.
    try {
      int unused = process.destroyForcibly().waitFor();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
