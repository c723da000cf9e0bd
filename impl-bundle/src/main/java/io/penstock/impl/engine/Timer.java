// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.engine;

import io.penstock.spi.Messages;
import java.lang.System.Logger.Level;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Runs tasks after a while, on one thread that exists while there are any, and a moment longer. It
 * sleeps until the next is due. (The JDK's scheduler, where it may let its thread go, wakes it over
 * and over for as long as a task waits.)
 */
final class Timer {
  private static final System.Logger LOG = Messages.log("core");
  private static final long LINGER_NANOS = TimeUnit.SECONDS.toNanos(2);

  private final String name;
  private final Upkeep.Loop loop;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  // Guarded by the lock.
  private final TreeSet<Task> tasks = new TreeSet<>(Timer::compare);
  private boolean running;
  // Until when the thread sleeps, unless it is woken.
  private boolean asleep;
  private long wakesAt;
  private long count;
  private boolean stopped;

  Timer(String name, Upkeep upkeep) {
    this.name = name;
    this.loop = upkeep.loop(name, this::run);
  }

  private final class Task extends FutureTask<Object> {
    private final long at;
    private final long number;

    Task(Callable<Object> run, long at, long number) {
      super(run);
      this.at = at;
      this.number = number;
    }

    @Override
    protected void setException(Throwable fault) {
      LOG.log(Level.ERROR, "{0}: a task failed", name, fault);
      super.setException(fault);
    }

    @Override
    protected void done() {
      if (isCancelled()) {
        forget(this);
      }
    }
  }

  private static int compare(Task one, Task two) {
    long apart = one.at - two.at;
    return apart != 0 ? Long.signum(apart) : Long.compare(one.number, two.number);
  }

  private void forget(Task task) {
    lock.lock();
    try {
      if (tasks.remove(task)
          && tasks.isEmpty()
          && asleep
          && wakesAt - System.nanoTime() > LINGER_NANOS) {
        // Or the thread would stay until then.
        changed.signalAll();
      }
    } finally {
      lock.unlock();
    }
  }

  /**
   * Runs a task, which must be quick, once.
   *
   * @throws RejectedExecutionException after the stop
   */
  Future<?> schedule(Runnable run, long nanos) {
    lock.lock();
    try {
      if (stopped) {
        throw new RejectedExecutionException(name + " has stopped");
      }
      Task task = new Task(Executors.callable(run), at(nanos), count++);
      if (!running) {
        // First, because it may fail. It has to wait for us.
        loop.start();
        running = true;
      }
      tasks.add(task);
      if (asleep && task.at - wakesAt < 0) {
        changed.signalAll();
      }
      return task;
    } finally {
      lock.unlock();
    }
  }

  private static long at(long nanos) {
    // Instants more than half of all longs apart cannot be compared.
    return System.nanoTime() + Math.max(0, Math.min(nanos, Long.MAX_VALUE / 4));
  }

  private void run() {
    Task due;
    while ((due = next()) != null) {
      due.run();
    }
  }

  /** Waits for a task to be due; null when there is nothing left to do. */
  private @Nullable Task next() {
    lock.lock();
    try {
      boolean idle = false;
      long idleSince = 0;
      while (!stopped) {
        long now = System.nanoTime();
        if (tasks.isEmpty() && !idle) {
          idleSince = now;
        }
        idle = tasks.isEmpty();
        long left = (idle ? idleSince + LINGER_NANOS : tasks.first().at) - now;
        if (left > 0) {
          wakesAt = now + left;
          asleep = true;
          try {
            long unused = changed.awaitNanos(left);
          } catch (InterruptedException e) {
            // There is no reason to do so, and the tasks must not suffer from it.
            LOG.log(Level.DEBUG, name + " was interrupted", e);
          } finally {
            asleep = false;
          }
        } else if (idle) {
          running = false;
          return null;
        } else {
          return tasks.pollFirst();
        }
      }
      return null;
    } finally {
      lock.unlock();
    }
  }

  /** Drops what waits; the thread ends. */
  void stop() {
    lock.lock();
    try {
      stopped = true;
      tasks.clear();
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Waits for the thread to end after the stop, a moment. */
  void join(long millis) {
    loop.join(millis);
  }
}
