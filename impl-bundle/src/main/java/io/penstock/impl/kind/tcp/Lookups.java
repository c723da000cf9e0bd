// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.tcp;

import io.penstock.impl.kind.support.Daemons;
import io.penstock.spi.Messages;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Runs look-ups, which wait for as long as the system likes and cannot be interrupted, on a few
 * daemon threads that exist only while there is something to look up. Nobody waits for these
 * threads, not even at the end.
 */
final class Lookups {
  /** The most threads: further look-ups wait for one of these. */
  static final int THREADS = 16;

  private static final Logger LOG = Messages.log("tcp");

  private final ReentrantLock lock = new ReentrantLock();
  private final Queue<Runnable> waiting = new ArrayDeque<>();
  private int threads;

  /**
   * Runs a look-up in the background.
   *
   * @throws Error if there is no thread for it and there cannot be one
   */
  void submit(Runnable lookup) {
    boolean fresh;
    lock.lock();
    try {
      waiting.add(lookup);
      fresh = threads < THREADS;
      if (fresh) {
        threads++;
      }
    } finally {
      lock.unlock();
    }
    if (fresh) {
      try {
        Daemons.start("penstock-resolver", this::run);
      } catch (RuntimeException | Error e) {
        if (leave(lookup)) {
          throw e;
        }
      }
    }
  }

  /** One thread less; returns whether nobody else will do the look-up. */
  private boolean leave(Runnable lookup) {
    lock.lock();
    try {
      threads--;
      return threads == 0 && waiting.remove(lookup);
    } finally {
      lock.unlock();
    }
  }

  private void run() {
    Runnable next;
    while ((next = next()) != null) {
      try {
        next.run();
      } catch (RuntimeException | Error e) {
        LOG.log(Level.ERROR, "a look-up failed", e);
      }
    }
  }

  private @Nullable Runnable next() {
    lock.lock();
    try {
      Runnable next = waiting.poll();
      if (next == null) {
        threads--;
      }
      return next;
    } finally {
      lock.unlock();
    }
  }
}
