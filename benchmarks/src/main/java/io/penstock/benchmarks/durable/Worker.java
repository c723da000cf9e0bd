// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.durable;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * The process that uses one store; it ends with its standard input. Each line is a command, and
 * each answer a line, which begins with "ok" if all went well.
 */
public final class Worker {
  /** What is opened before what is to be recovered has this at the end of its name. */
  static final String OTHER = "-other";

  private static final int SMALL = 1024;

  private final Peer peer;
  private final String where;

  private Worker(Peer peer, String where) {
    this.peer = peer;
    this.where = where;
  }

  /**
   * Works until its input ends, or it is killed.
   *
   * @param arguments the peer and where it is
   */
  public static void main(String[] arguments) throws Exception {
    Worker worker = new Worker(Peer.valueOf(arguments[0]), arguments[1]);
    BufferedReader input = new BufferedReader(new InputStreamReader(System.in, UTF_8));
    for (String line; (line = input.readLine()) != null; ) {
      say(worker.answer(List.of(line.split(" "))));
    }
    // Threads of libraries do not keep it.
    System.exit(0);
  }

  private String answer(List<String> command) {
    try {
      String name = command.get(1);
      return switch (command.get(0)) {
        case "measure" ->
            measure(
                name,
                Sync.valueOf(command.get(2)),
                Integer.parseInt(command.get(3)),
                TimeUnit.MILLISECONDS.toNanos(Long.parseLong(command.get(4))));
        case "fill" -> fill(name, Long.parseLong(command.get(2)));
        case "recover" -> recover(name);
        case "put" -> put(name);
        default -> throw new IllegalArgumentException("there is no command " + command);
      };
    } catch (Exception | LinkageError e) {
      e.printStackTrace();
      return "failed " + e;
    }
  }

  /** Appends for a while without counting it, then counted; reads all of it in the same parts. */
  private String measure(String name, Sync sync, int chunk, long nanos) throws Exception {
    Content content = new Content(chunk);
    double appended;
    double read = 0;
    try (Store store = peer.open(where, name, sync)) {
      double unused = append(store, content, nanos);
      long warm = content.made();
      appended = append(store, content, nanos);
      if (store.canRead()) {
        store.read(warm, content);
        long left = content.made() - warm;
        long begin = System.nanoTime();
        store.read(left, content);
        read = left / (double) (System.nanoTime() - begin);
      }
    }
    peer.remove(where, name);
    return "ok " + appended + " " + read;
  }

  /** Bytes a nanosecond. */
  private static double append(Store store, Content content, long nanos) throws Exception {
    long before = content.made();
    long begin = System.nanoTime();
    do {
      store.append(content.next());
    } while (System.nanoTime() - begin < nanos);
    store.flush();
    return (content.made() - before) / (double) (System.nanoTime() - begin);
  }

  /** Stays open, to be killed. */
  @SuppressWarnings("MustBeClosedChecker")
  private String fill(String name, long bytes) throws Exception {
    Content content = new Content(64 * SMALL);
    Store store = peer.open(where, name, Sync.GROUP);
    while (content.made() < bytes) {
      store.append(content.next());
    }
    store.flush();
    return "ok " + content.made();
  }

  /** From the call that opens what a killed process has left to the first acknowledged append. */
  private String recover(String name) throws Exception {
    Content content = new Content(SMALL);
    // Once elsewhere, so that no class has to be loaded.
    try (Store other = peer.open(where, name + OTHER, Sync.GROUP)) {
      other.put(content.next());
    }
    long begin = System.nanoTime();
    try (Store store = peer.open(where, name, Sync.GROUP)) {
      store.put(content.next());
      return "ok " + (System.nanoTime() - begin);
    }
  }

  /** Appends one record after the other, and says when each began and was acknowledged. */
  private String put(String name) throws Exception {
    Content content = new Content(SMALL);
    try (Store store = peer.open(where, name, Sync.GROUP)) {
      while (!Thread.interrupted()) {
        long begin = System.nanoTime();
        store.put(content.next());
        say("ok " + begin + " " + System.nanoTime());
      }
    }
    return "failed: interrupted";
  }

  private static void say(String line) {
    System.out.println(line);
  }
}
