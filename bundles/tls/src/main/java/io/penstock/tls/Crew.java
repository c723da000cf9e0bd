// SPDX-License-Identifier: Apache-2.0
package io.penstock.tls;

import io.penstock.spi.Messages;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Runs tasks on threads of the product, a few at once: handshakes keep the processor busy, and a
 * thousand at once must not take a thousand threads.
 */
final class Crew {
  private static final Logger LOG = Messages.log("tls");

  private final int size = Math.max(2, Runtime.getRuntime().availableProcessors());
  private final ReentrantLock lock = new ReentrantLock();
  private final Queue<Runnable> waiting = new ArrayDeque<>();
  private int busy;

  /** Runs a task on one of the executor's threads, at once or when another task is done. */
  void execute(Executor executor, Runnable task) {
    lock.lock();
    try {
      if (busy == size) {
        waiting.add(task);
        return;
      }
      busy++;
    } finally {
      lock.unlock();
    }
    boolean handed = false;
    try {
      executor.execute(() -> work(executor, task));
      handed = true;
    } finally {
      if (!handed) {
        // The place is given back: with all of them lost no handshake would begin.
        lock.lock();
        try {
          busy--;
        } finally {
          lock.unlock();
        }
      }
    }
  }

  private void work(Executor executor, Runnable first) {
    for (@Nullable Runnable task = first; task != null; task = refused(executor)) {
      try {
        task.run();
      } catch (RuntimeException | Error e) {
        LOG.log(Level.ERROR, "a handshake's task failed", e);
      }
    }
  }

  /**
   * Hands the next task on, so that others get their turn between two.
   *
   * @return the task if the executor does not take it: the caller must run it
   */
  private @Nullable Runnable refused(Executor executor) {
    Runnable next = next();
    if (next == null) {
      return null;
    }
    try {
      executor.execute(() -> work(executor, next));
      return null;
    } catch (RuntimeException | Error e) {
      LOG.log(Level.DEBUG, "no other thread takes the next handshake, so this one does", e);
      return next;
    }
  }

  private @Nullable Runnable next() {
    lock.lock();
    try {
      Runnable next = waiting.poll();
      if (next == null) {
        busy--;
      }
      return next;
    } finally {
      lock.unlock();
    }
  }
}
