// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.serve;

import java.util.ArrayDeque;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** Runs tasks on another executor, so many at once, the others in the order in which they came. */
final class Pool implements Executor {
  private final Executor executor;
  private final int limit;
  private final ReentrantLock lock = new ReentrantLock();
  private final ArrayDeque<Runnable> waiting = new ArrayDeque<>();
  private int running;

  Pool(Executor executor, int limit) {
    this.executor = executor;
    this.limit = limit;
  }

  @Override
  public void execute(Runnable task) {
    lock.lock();
    try {
      if (running == limit) {
        waiting.add(task);
        return;
      }
      running++;
    } finally {
      lock.unlock();
    }
    start(task);
  }

  private void start(Runnable task) {
    executor.execute(() -> run(task));
  }

  private void run(Runnable first) {
    Runnable task = first;
    while (task != null) {
      boolean done = false;
      try {
        task.run();
        done = true;
      } finally {
        if (!done) {
          // The executor reports what was thrown; the tasks behind it must still run.
          Runnable next = next();
          if (next != null) {
            start(next);
          }
        }
      }
      task = next();
    }
  }

  /** The next task, or the place of this one is free. */
  private @Nullable Runnable next() {
    lock.lock();
    try {
      Runnable next = waiting.poll();
      if (next == null) {
        running--;
      }
      return next;
    } finally {
      lock.unlock();
    }
  }
}
