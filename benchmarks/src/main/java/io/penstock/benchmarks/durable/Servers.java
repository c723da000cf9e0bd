// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.durable;

import java.io.Closeable;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Three servers of one kind on this machine, each a process with a store of its own. */
abstract class Servers implements Closeable {
  /** How many there are. */
  static final int COUNT = 3;

  private static final long PATIENCE = TimeUnit.SECONDS.toNanos(120);
  private static final long PAUSE = 50;

  /** Where they keep what they have. */
  final Path folder;

  private final List<Integer> ports = freePorts(COUNT);
  private final List<@Nullable Process> processes = new ArrayList<>();

  // Also where the session ends without closing it.
  private final Thread last = new Thread(this::killAll, "servers of a benchmark");

  Servers(Path folder) throws IOException {
    this.folder = folder;
    for (int i = 0; i < COUNT; i++) {
      processes.add(null);
    }
    Runtime.getRuntime().addShutdownHook(last);
  }

  /** Ports that nobody has now. */
  static List<Integer> freePorts(int count) throws IOException {
    List<ServerSocket> held = new ArrayList<>();
    try {
      for (int i = 0; i < count; i++) {
        held.add(new ServerSocket(0, 1, InetAddress.getLoopbackAddress()));
      }
      return held.stream().map(ServerSocket::getLocalPort).toList();
    } finally {
      for (ServerSocket each : held) {
        each.close();
      }
    }
  }

  /** The port of one. */
  final int port(int server) {
    return ports.get(server);
  }

  /** Where clients connect to. */
  final String addresses() {
    return ports.stream().map(port -> "127.0.0.1:" + port).collect(Collectors.joining(","));
  }

  /** What starts one. */
  abstract List<String> command(int server) throws IOException;

  /** Whether all are there, and of a stream, if one is named, all replicas are complete. */
  abstract boolean isWhole(@Nullable String stream) throws Exception;

  /** Which one leads a stream. */
  abstract int leader(String stream) throws Exception;

  /** Starts one that does not run. */
  final void start(int server) throws IOException {
    processes.set(
        server,
        new ProcessBuilder(command(server))
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .redirectOutput(
                ProcessBuilder.Redirect.appendTo(
                    folder.resolve("server" + server + ".log").toFile()))
            .start());
  }

  /** Kills one, and waits until it has gone; the time at which it was killed. */
  final long kill(int server) {
    Process process = processes.get(server);
    long now = System.nanoTime();
    if (process != null) {
      Process unused = process.destroyForcibly().onExit().join();
      processes.set(server, null);
    }
    return now;
  }

  /** Waits until {@link #isWhole}. */
  final void awaitWhole(@Nullable String stream) throws Exception {
    boolean unused =
        await(
            () -> {
              startEnded();
              return isWhole(stream) ? true : null;
            },
            "all servers of " + folder);
  }

  /**
   * Starts those again that have ended by themselves, such as because a port was taken meanwhile.
   */
  private void startEnded() throws IOException {
    for (int i = 0; i < COUNT; i++) {
      Process process = processes.get(i);
      if (process != null && !process.isAlive()) {
        start(i);
      }
    }
  }

  /** Asks until there is an answer: of what is awaited here, no server tells by itself. */
  static <T> T await(Callable<@Nullable T> question, String what) throws Exception {
    long end = System.nanoTime() + PATIENCE;
    while (true) {
      Exception why = null;
      try {
        T answer = question.call();
        if (answer != null) {
          return answer;
        }
      } catch (InterruptedException e) {
        throw e;
      } catch (Exception e) {
        why = e;
      }
      if (System.nanoTime() > end) {
        throw new IOException("waited in vain for " + what, why);
      }
      boolean unused = new CountDownLatch(1).await(PAUSE, TimeUnit.MILLISECONDS);
    }
  }

  private void killAll() {
    for (Process each : processes) {
      if (each != null) {
        Process unused = each.destroyForcibly();
      }
    }
  }

  /** Kills all that run. */
  @Override
  public void close() {
    for (int i = 0; i < COUNT; i++) {
      long unused = kill(i);
    }
    boolean unused = Runtime.getRuntime().removeShutdownHook(last);
  }
}
