// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats.discovery;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.Closeable;
import java.io.IOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A container in another process, and what it says. */
final class Container implements Closeable {
  private static final long SOON = 60;

  private final String node;
  private final Process process;
  private final BlockingQueue<String> lines = new LinkedBlockingQueue<>();
  private final Writer commands;

  /**
   * Starts one.
   *
   * @param before what runs it, such as {@code ip netns exec}
   */
  Container(List<String> before, String node, Duration session, int replicas, List<String> servers)
      throws IOException {
    this.node = node;
    List<String> command = new ArrayList<>(before);
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-XX:TieredStopAtLevel=1", "-Xmx256m"));
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.add(ContainerMain.class.getName());
    command.addAll(List.of(node, "" + session.toMillis(), "" + replicas));
    command.add(String.join(",", servers));
    process =
        new ProcessBuilder(command)
            .redirectError(
                Boolean.getBoolean("penstock.nats.talk")
                    ? ProcessBuilder.Redirect.INHERIT
                    : ProcessBuilder.Redirect.DISCARD)
            .start();
    commands = process.outputWriter(StandardCharsets.UTF_8);
    Thread reader = new Thread(this::read, "lines of " + node);
    reader.setDaemon(true);
    reader.start();
  }

  private void read() {
    try (BufferedReader told = process.inputReader(StandardCharsets.UTF_8)) {
      for (String line = told.readLine(); line != null; line = told.readLine()) {
        lines.add(line);
      }
    } catch (IOException e) {
      // It was killed.
    }
  }

  String node() {
    return node;
  }

  void command(String line) throws IOException {
    commands.write(line + "\n");
    commands.flush();
  }

  /** Takes the next line, which must be this one; returns the time in it. */
  long expect(String line) throws InterruptedException {
    String next = lines.poll(SOON, TimeUnit.SECONDS);
    assertNotNull(next, node + " never says: " + line);
    int space = next.indexOf(' ');
    assertEquals(line, next.substring(space + 1));
    return Long.parseLong(next.substring(0, space));
  }

  /** What it has said, and nobody has taken. */
  List<String> said() {
    return List.copyOf(lines);
  }

  /** Publishes, and returns when it began to. */
  long publish(String name, int rank) throws Exception {
    command("publish " + name + " " + rank);
    long begun = expect("publishing " + name);
    long unused = expect("published " + name);
    return begun;
  }

  void watch(String name) throws Exception {
    command("watch " + name);
    long unused = expect("watching");
  }

  /** Sends it a signal; returns when. */
  long signal(String name) throws Exception {
    long now = System.nanoTime();
    Process kill = new ProcessBuilder("kill", "-" + name, "" + process.pid()).start();
    assertEquals(0, kill.waitFor());
    return now;
  }

  /** Kills it without a word; returns when. */
  long kill() throws InterruptedException {
    long now = System.nanoTime();
    assertTrue(process.destroyForcibly().waitFor(SOON, TimeUnit.SECONDS));
    return now;
  }

  /** Has it stop in good order; returns when. */
  long stop() throws IOException {
    long now = System.nanoTime();
    commands.close();
    return now;
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }
}
