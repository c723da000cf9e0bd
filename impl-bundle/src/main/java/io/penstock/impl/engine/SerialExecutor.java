// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.engine;

import java.util.ArrayDeque;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** Runs tasks on another executor one after the other, in the order in which they came. */
public final class SerialExecutor implements Executor {
  private final Executor executor;
  private final ReentrantLock lock = new ReentrantLock();
  private final ArrayDeque<Runnable> tasks = new ArrayDeque<>();
  private boolean running;

  /** Runs them on that executor. */
  public SerialExecutor(Executor executor) {
    this.executor = executor;
  }

  @Override
  public void execute(Runnable task) {
    lock.lock();
    try {
      tasks.add(task);
      if (running) {
        return;
      }
      running = true;
    } finally {
      lock.unlock();
    }
    begin();
  }

  private void begin() {
    boolean begun = false;
    try {
      executor.execute(this::run);
      begun = true;
    } finally {
      if (!begun) {
        // The next task begins with those that are left here.
        lock.lock();
        try {
          running = false;
        } finally {
          lock.unlock();
        }
      }
    }
  }

  private void run() {
    Runnable task;
    while ((task = next()) != null) {
      boolean done = false;
      try {
        task.run();
        done = true;
      } finally {
        if (!done) {
          // The executor reports what was thrown; the tasks behind it must still run.
          begin();
        }
      }
    }
  }

  private @Nullable Runnable next() {
    lock.lock();
    try {
      Runnable task = tasks.poll();
      if (task == null) {
        running = false;
      }
      return task;
    } finally {
      lock.unlock();
    }
  }
}
