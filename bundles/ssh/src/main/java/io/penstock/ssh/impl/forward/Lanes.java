// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.forward;

import io.penstock.spi.Messages;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Runs tasks on another executor, only so many at a time: however many connections are forwarded,
 * the threads stay few. Safe for use by any thread.
 */
public final class Lanes implements Executor {
  private static final Logger LOG = Messages.log("ssh.forward");

  private final Executor below;
  private final int most;

  private final ReentrantLock lock = new ReentrantLock();
  // Guarded by the lock.
  private final Queue<Runnable> due = new ArrayDeque<>();
  private int running;

  /** For short tasks: no more at a time than there are processors. */
  public Lanes(Executor below) {
    this(below, Runtime.getRuntime().availableProcessors());
  }

  /**
   * For tasks that may wait, each of which holds its thread meanwhile.
   *
   * @param most at a time
   */
  public Lanes(Executor below, int most) {
    this.below = below;
    this.most = most;
  }

  @Override
  public void execute(Runnable task) {
    lock.lock();
    try {
      due.add(task);
      if (running == most) {
        return;
      }
      running++;
    } finally {
      lock.unlock();
    }
    try {
      below.execute(this::run);
    } catch (RejectedExecutionException | Error e) {
      lock.lock();
      try {
        running--;
        // If no other thread has taken the task, none will.
        if (!due.remove(task)) {
          return;
        }
      } finally {
        lock.unlock();
      }
      throw e;
    }
  }

  private @Nullable Runnable next() {
    lock.lock();
    try {
      Runnable next = due.poll();
      if (next == null) {
        running--;
      }
      return next;
    } finally {
      lock.unlock();
    }
  }

  private void run() {
    for (Runnable next = next(); next != null; next = next()) {
      try {
        next.run();
      } catch (RuntimeException | Error e) {
        // The others wait for this lane.
        LOG.log(Level.ERROR, "forwarding has met a fault, and goes on", e);
      }
    }
  }
}
