// SPDX-License-Identifier: Apache-2.0
package io.penstock.tls;

import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Runs tasks on somebody else's threads, a few at once: handshakes are work for the processor, and
 * a thousand at once must not be a thousand threads.
 */
final class Crew {
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
    executor.execute(() -> work(executor, task));
  }

  private void work(Executor executor, Runnable first) {
    try {
      first.run();
    } finally {
      Runnable next = next();
      if (next != null) {
        // Through the executor again, so that a task that throws is told of as one.
        executor.execute(() -> work(executor, next));
      }
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
