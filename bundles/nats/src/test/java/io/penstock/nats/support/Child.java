// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats.support;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.Closeable;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** Another process, which says what it does in lines of a word and a number. */
public final class Child implements Closeable {
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final Process process;
  // Guarded by the lock.
  private final Map<String, Long> last = new HashMap<>();
  private String failure = "";
  private boolean over;

  /** Starts one. */
  public Child(Class<?> main, String... arguments) throws IOException {
    this(List.of(), main, arguments);
  }

  /**
   * Starts one in a place.
   *
   * @param before what its command begins with, such as one that enters a network namespace
   */
  public Child(List<String> before, Class<?> main, String... arguments) throws IOException {
    List<String> command = new ArrayList<>(before);
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        List.of(
            "-XX:TieredStopAtLevel=1", "-Xmx256m", "-cp", System.getProperty("java.class.path")));
    command.add(main.getName());
    command.addAll(List.of(arguments));
    process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    Thread reader = new Thread(this::listen, "child " + process.pid());
    reader.setDaemon(true);
    reader.start();
  }

  private void listen() {
    try (BufferedReader told = process.inputReader(StandardCharsets.UTF_8)) {
      for (String line = told.readLine(); line != null; line = told.readLine()) {
        heard(line);
      }
    } catch (IOException e) {
      // It was killed.
    }
    lock.lock();
    try {
      over = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private void heard(String line) {
    String[] words = line.split(" ", 3);
    lock.lock();
    try {
      if (words[0].equals("failed") || words[0].equals("refused")) {
        failure = line;
      } else {
        last.put(words[0], Long.parseLong(words[1]));
      }
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** The last number that was said with a word; -1 for none. */
  public long last(String word) {
    lock.lock();
    try {
      return last.getOrDefault(word, -1L);
    } finally {
      lock.unlock();
    }
  }

  /** What it has failed with; empty if it has not. */
  public String failure() {
    lock.lock();
    try {
      return failure;
    } finally {
      lock.unlock();
    }
  }

  /** Waits until a word has come with this number, or a greater one; how long that took in ms. */
  public long await(String word, long least, int seconds) throws InterruptedException {
    long begin = System.nanoTime();
    long left = TimeUnit.SECONDS.toNanos(seconds);
    lock.lock();
    try {
      while (last.getOrDefault(word, -1L) < least) {
        assertEquals("", failure);
        assertTrue(left > 0 && !over, word + " " + least + " does not come: " + last);
        left = changed.awaitNanos(left);
      }
      return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begin);
    } finally {
      lock.unlock();
    }
  }

  /** Waits until it has failed; with what. */
  public String awaitFailure(int seconds) throws InterruptedException {
    long left = TimeUnit.SECONDS.toNanos(seconds);
    lock.lock();
    try {
      while (failure.isEmpty()) {
        assertTrue(left > 0 && !over, "it does not fail: " + last);
        left = changed.awaitNanos(left);
      }
      return failure;
    } finally {
      lock.unlock();
    }
  }

  /** Sends it a signal, such as STOP and CONT. */
  public void signal(String name) throws Exception {
    assertEquals(
        0, new ProcessBuilder("kill", "-" + name, "" + process.pid()).start().waitFor(), name);
  }

  /** Kills all in the same moment, and waits as {@link #kill} does. */
  public static void killAll(Child... all) {
    for (Child each : all) {
      Object unused = each.process.destroyForcibly();
    }
    for (Child each : all) {
      each.kill();
    }
  }

  /** Kills it, and waits until it has gone and all that it said was heard. */
  public void kill() {
    try {
      assertTrue(process.destroyForcibly().waitFor(20, TimeUnit.SECONDS));
      lock.lock();
      try {
        long left = TimeUnit.SECONDS.toNanos(20);
        while (!over && left > 0) {
          left = changed.awaitNanos(left);
        }
      } finally {
        lock.unlock();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** The same. */
  @Override
  public void close() {
    kill();
  }
}
