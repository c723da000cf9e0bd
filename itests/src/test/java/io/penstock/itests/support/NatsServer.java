// SPDX-License-Identifier: Apache-2.0
package io.penstock.itests.support;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A server of NATS with JetStream, on a port of its own. */
public final class NatsServer implements AutoCloseable {
  private static final Pattern PORT =
      Pattern.compile("client connections on 127\\.0\\.0\\.1:([0-9]+)");

  private final Process process;
  private final String url;

  private NatsServer(Process process, String url) {
    this.process = process;
    this.url = url;
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
            List.of(program(), "-a", "127.0.0.1", "-p", "-1", "-js", "-sd", folder.toString()));
    command.addAll(List.of(more));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String url = "";
    BufferedReader said = process.inputReader();
    String line = said.readLine();
    while (line != null && !line.contains("Server is ready")) {
      Matcher port = PORT.matcher(line);
      if (port.find()) {
        url = "nats://127.0.0.1:" + port.group(1);
      }
      line = said.readLine();
    }
    return new NatsServer(process, url);
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
