// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats.support;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assumptions;

/**
 * Servers with JetStream, each a process with a store of its own, that are killed and started. The
 * property {@code penstock.nats.server} names the program; otherwise {@code config/nats-server}
 * says where it is. Without one, tests are skipped.
 */
public final class NatsCluster implements Closeable {
  private static final long SOON = 30;

  private final List<Integer> ports = new ArrayList<>();
  private final List<Integer> routes = new ArrayList<>();
  private final List<@Nullable Process> processes = new ArrayList<>();
  private final Path folder;
  private final String program;
  private final String more;
  private final String host;

  private NatsCluster(int size, String host, String more) throws IOException {
    this.program = program();
    this.folder = Files.createTempDirectory("penstock-nats");
    this.host = host;
    this.more = more;
    for (int i = 0; i < size; i++) {
      ports.add(freePort());
      routes.add(freePort());
      processes.add(null);
    }
  }

  /** Starts servers on this machine; the test is skipped where there is no program. */
  public static NatsCluster start(int size) throws Exception {
    return start(size, "127.0.0.1", "");
  }

  /**
   * Starts servers that are reached at a host.
   *
   * @param more of their configuration
   */
  public static NatsCluster start(int size, String host, String more) throws Exception {
    NatsCluster made = new NatsCluster(size, host, more);
    for (int i = 0; i < size; i++) {
      made.restart(i);
    }
    return made;
  }

  /** Whether there is a program, and which. */
  private static String program() throws IOException {
    String named = System.getProperty("penstock.nats.server", "");
    Path script = Path.of("../../config/nats-server");
    if (named.isEmpty() && Files.isExecutable(script)) {
      Process process =
          new ProcessBuilder(script.toString())
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      try (BufferedReader told = process.inputReader(StandardCharsets.UTF_8)) {
        String line = told.readLine();
        named = line == null ? "" : line.strip();
      }
    }
    Assumptions.assumeTrue(
        !named.isEmpty() && Files.isExecutable(Path.of(named)),
        "no server of NATS is here; penstock.nats.server names its program");
    return named;
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  /** How many there are. */
  public int size() {
    return ports.size();
  }

  /** The port of a server. */
  public int port(int server) {
    return ports.get(server);
  }

  /** Where to connect to. */
  public String url(int server) {
    return "nats://" + host + ":" + ports.get(server);
  }

  /** Where to connect to, of all. */
  public List<String> urls() {
    List<String> all = new ArrayList<>();
    for (int i = 0; i < size(); i++) {
      all.add(url(i));
    }
    return all;
  }

  /** Starts one that was killed with the store that it had, and waits until clients can connect. */
  public void restart(int server) throws Exception {
    StringBuilder text = new StringBuilder();
    text.append("server_name: s").append(server).append('\n');
    text.append("listen: \"").append(host).append(':').append(port(server)).append("\"\n");
    text.append("jetstream { store_dir: \"").append(store(server)).append("\" }\n");
    if (size() > 1) {
      text.append("cluster { name: c, listen: \"").append(host).append(':');
      text.append(routes.get(server)).append("\", routes: [");
      for (int each : routes) {
        text.append("\"nats://").append(host).append(':').append(each).append("\", ");
      }
      text.append("], no_advertise: true }\n");
    }
    text.append(more);
    Path file = folder.resolve("server" + server + ".conf");
    Files.writeString(file, text);
    Path log = folder.resolve("server" + server + ".log");
    Process process =
        new ProcessBuilder(program, "-c", file.toString()).redirectErrorStream(true).start();
    processes.set(server, process);
    CountDownLatch ready = new CountDownLatch(1);
    Thread reader = new Thread(() -> copy(process, log, ready), "log of server " + server);
    reader.setDaemon(true);
    reader.start();
    assertTrue(ready.await(SOON, TimeUnit.SECONDS), "a server does not start: see " + log);
  }

  private static void copy(Process process, Path log, CountDownLatch ready) {
    try (BufferedReader told = process.inputReader(StandardCharsets.UTF_8);
        var to =
            Files.newBufferedWriter(
                log,
                java.nio.file.StandardOpenOption.CREATE,
                java.nio.file.StandardOpenOption.APPEND)) {
      for (String line = told.readLine(); line != null; line = told.readLine()) {
        to.write(line);
        to.newLine();
        to.flush();
        if (line.contains("Server is ready")) {
          ready.countDown();
        }
      }
    } catch (IOException e) {
      // The process has gone, or the folder.
    }
  }

  private Path store(int server) {
    return folder.resolve("store" + server);
  }

  /** Kills one as a loss of power would, and waits until it has gone. */
  public void kill(int server) throws InterruptedException {
    Process process = processes.get(server);
    if (process != null) {
      assertTrue(process.destroyForcibly().waitFor(SOON, TimeUnit.SECONDS));
      processes.set(server, null);
    }
  }

  /** Stops one without ending it, by the signal STOP, or lets it go on, by CONT. */
  public void signal(int server, String name) throws Exception {
    Process process = processes.get(server);
    assertTrue(
        process != null
            && new ProcessBuilder("kill", "-" + name, "" + process.pid()).start().waitFor() == 0);
  }

  /** Takes all that one has stored. */
  public void forget(int server) throws IOException {
    delete(store(server));
  }

  /** Kills all, and deletes what they have stored. */
  @Override
  public void close() {
    try {
      for (int i = 0; i < size(); i++) {
        kill(i);
      }
      delete(folder);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void delete(Path folder) throws IOException {
    if (!Files.exists(folder)) {
      return;
    }
    Files.walkFileTree(
        folder,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes what) throws IOException {
            Files.deleteIfExists(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path each, @Nullable IOException failure)
              throws IOException {
            Files.deleteIfExists(each);
            return FileVisitResult.CONTINUE;
          }
        });
  }
}
