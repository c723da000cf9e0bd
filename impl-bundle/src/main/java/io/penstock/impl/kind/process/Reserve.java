// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.process;

import io.penstock.spi.Messages;
import java.io.File;
import java.io.FileInputStream;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.Semaphore;

/**
 * Has the JDK start children one at a time, and only with enough descriptors. If a start fails for
 * want of them, the JDK closes descriptors by numbers that it has not set: 0, or any other,
 * whatever connection has it by then; bytes of one connection have come to another like that. So
 * descriptors are held for the JDK to use, the pipes of other children are not opened while it uses
 * them, and descriptor 0 is always taken.
 */
final class Reserve {
  private static final Logger LOG = Messages.log("process");
  private static final File NULL_DEVICE = new File("/dev/null");
  private static final Path FIRST = Path.of("/proc/self/fd/0");

  /** The JDK takes at most 11 for a start; the others are for threads that take some meanwhile. */
  private static final int SIZE = 24;

  /** Opens a child's pipes and starts it. */
  @FunctionalInterface
  interface Opening<T> {
    /**
     * Does so.
     *
     * @param turn starts the child
     * @throws IOException when it cannot be started
     */
    T open(Turn turn) throws IOException;
  }

  /** The right to start a child. */
  final class Turn {
    private Turn() {}

    /**
     * Starts a child.
     *
     * @throws IOException when the JDK cannot
     */
    Process start(ProcessBuilder builder) throws IOException {
      give();
      try {
        return builder.start();
      } finally {
        try {
          fill();
        } catch (IOException e) {
          LOG.log(Level.DEBUG, "the next child has to wait for descriptors", e);
        }
      }
    }
  }

  /** One for all of this process, whose descriptors they are. */
  static final Reserve OF_PROCESS = new Reserve();

  private final Semaphore turn = new Semaphore(1);
  // All belong to the thread that has the turn.
  private final Deque<FileInputStream> held = new ArrayDeque<>();
  private final Deque<FileInputStream> first = new ArrayDeque<>();

  private Reserve() {}

  /**
   * Has a child started while no other is.
   *
   * @return what the work returns
   * @throws IOException also where there are too few descriptors to try it
   */
  <T> T inTurn(Opening<T> work) throws IOException {
    turn.acquireUninterruptibly();
    try {
      fill();
      return work.open(new Turn());
    } finally {
      turn.release();
    }
  }

  private void fill() throws IOException {
    if (!NULL_DEVICE.exists()) {
      return;
    }
    if (Files.exists(Path.of("/proc/self/fd")) && !isTaken()) {
      FileInputStream taking = new FileInputStream(NULL_DEVICE);
      LOG.log(Level.WARNING, "descriptor 0 was closed; took it, so that nobody gets it by mistake");
      first.add(taking);
    }
    while (held.size() < SIZE) {
      held.add(new FileInputStream(NULL_DEVICE));
    }
  }

  private static boolean isTaken() {
    try {
      return Files.readSymbolicLink(FIRST) != null;
    } catch (IOException e) {
      return false;
    }
  }

  private void give() throws IOException {
    for (FileInputStream each; (each = held.poll()) != null; ) {
      each.close();
    }
  }
}
