// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.engine;

import io.penstock.spi.Messages;
import java.lang.System.Logger.Level;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Keeps going what others depend on. What fails now, as a thread cannot be started when the system
 * has none left, is tried again after a pause; a thread that has died is replaced.
 *
 * <p>The one thread that tries again exists from the first need: it could not be started once there
 * are no threads.
 */
public final class Upkeep implements AutoCloseable {
  /** Makes threads, so that a test can plant those that do not start, or die. */
  @FunctionalInterface
  public interface Threads {
    /** Makes a daemon that is not started yet. */
    Thread make(String name, Runnable task);
  }

  private static final System.Logger LOG = Messages.log("core");
  private static final long FIRST_PAUSE = TimeUnit.MILLISECONDS.toNanos(10);
  private static final long LONGEST_PAUSE = TimeUnit.SECONDS.toNanos(1);
  private static final long QUIET = TimeUnit.MINUTES.toNanos(1);
  private static final long STOP_MILLIS = 2000;

  private record Step(String what, Runnable run) {}

  private final Threads threads;
  private final Map<String, Long> told = new ConcurrentHashMap<>();
  private final Loop keeper = new Loop("penstock-keeper", this::keep);
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  // Guarded by the lock.
  private final ArrayDeque<Step> due = new ArrayDeque<>();
  private volatile boolean begun;
  private volatile boolean closed;

  Upkeep(Threads threads) {
    this.threads = threads;
  }

  /** A thread for a body that others depend on; not started yet. */
  public Loop loop(String name, Runnable body) {
    return new Loop(name, body);
  }

  /**
   * Sees to it that there is a thread that tries again.
   *
   * @throws Error if there cannot be one, as {@link Thread#start} does
   */
  void begin() {
    if (begun) {
      return;
    }
    lock.lock();
    try {
      if (!begun && !closed) {
        keeper.spawn();
        begun = true;
      }
    } finally {
      lock.unlock();
    }
  }

  /**
   * Does something that fails for want of threads, now or as soon as it can be done.
   *
   * @param what has failed then, for the log
   * @param step must not wait for anything
   */
  void insist(String what, Runnable step) {
    begin();
    try {
      step.run();
    } catch (RuntimeException | Error e) {
      again(what, e, step);
    }
  }

  /** Tries something again, after a pause, until it no longer throws. */
  void again(String what, Throwable why, Runnable step) {
    begin();
    boolean late;
    lock.lock();
    try {
      late = closed;
      if (!late) {
        due.add(new Step(what, step));
        changed.signalAll();
      }
    } finally {
      lock.unlock();
    }
    if (late) {
      onceMore(new Step(what, step));
    } else {
      tell(what, why);
    }
  }

  /** Says at most once a minute what has failed and is tried again; never throws. */
  public void tell(String what, Throwable why) {
    try {
      long now = System.nanoTime();
      Long last = told.get(what);
      if (last == null || now - last > QUIET) {
        told.put(what, now);
        if (why instanceof OutOfMemoryError) {
          // The system has too few threads, or memory: where that was noticed says nothing.
          LOG.log(Level.ERROR, "{0}, and is tried again: {1}", what, why.getMessage());
        } else {
          LOG.log(Level.ERROR, what + ", and is tried again", why);
        }
      }
    } catch (RuntimeException | Error e) {
      // There is no memory, descriptor or thread to say so with; the next failure tries again.
      told.remove(what);
    }
  }

  /** All that is due each time: one that lacks a thread must not hold up one that does not. */
  private void keep() {
    long pause = FIRST_PAUSE;
    while (true) {
      List<Step> all = await(pause);
      if (all.isEmpty()) {
        return;
      }
      boolean done = false;
      for (Step step : all) {
        done |= tried(step);
      }
      pause = done ? 0 : Math.min(Math.max(FIRST_PAUSE, 2 * pause), LONGEST_PAUSE);
    }
  }

  private boolean tried(Step step) {
    try {
      step.run.run();
    } catch (RuntimeException | Error e) {
      tell(step.what, e);
      return false;
    }
    lock.lock();
    try {
      return due.remove(step);
    } finally {
      lock.unlock();
    }
  }

  /** Waits for something to do, and then the pause; nothing after the close. */
  private List<Step> await(long pause) {
    lock.lock();
    try {
      boolean waited = due.isEmpty();
      while (due.isEmpty() && !closed) {
        changed.awaitUninterruptibly();
      }
      long end = System.nanoTime() + (waited ? FIRST_PAUSE : pause);
      long left;
      while (!closed && (left = end - System.nanoTime()) > 0) {
        try {
          long unused = changed.awaitNanos(left);
        } catch (InterruptedException e) {
          LOG.log(Level.DEBUG, "the upkeep was interrupted", e);
        }
      }
      return closed ? List.of() : List.copyOf(due);
    } finally {
      lock.unlock();
    }
  }

  /** Whether nothing is tried again any more. */
  public boolean isClosed() {
    return closed;
  }

  /** Starts no loop any more. What waits to be tried again is tried once more. */
  @Override
  public void close() {
    List<Step> left;
    lock.lock();
    try {
      closed = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    keeper.join(STOP_MILLIS);
    lock.lock();
    try {
      left = List.copyOf(due);
      due.clear();
    } finally {
      lock.unlock();
    }
    left.forEach(Upkeep::onceMore);
  }

  private static void onceMore(Step step) {
    try {
      step.run.run();
    } catch (RuntimeException | Error e) {
      LOG.log(Level.ERROR, step.what + ", and everything is closing", e);
    }
  }

  /**
   * A thread whose body others depend on. A body that throws is begun again after a pause; if the
   * thread dies all the same, another takes its place. It ends when the body returns, and may then
   * be started again.
   */
  public final class Loop {
    private final String name;
    private final Runnable body;
    private final AtomicReference<@Nullable Thread> thread = new AtomicReference<>();

    private Loop(String name, Runnable body) {
      this.name = name;
      this.body = body;
    }

    /** Starts the thread, now or as soon as there can be one. */
    public void start() {
      insist(name + " cannot be started", this::spawn);
    }

    private void spawn() {
      if (closed) {
        return;
      }
      Thread before = thread.get();
      Thread fresh = threads.make(name, this::run);
      fresh.setUncaughtExceptionHandler(this::died);
      fresh.start();
      // Unless it runs already, or even has a successor.
      thread.compareAndSet(before, fresh);
    }

    private void run() {
      thread.set(Thread.currentThread());
      long pause = FIRST_PAUSE;
      while (true) {
        try {
          body.run();
          return;
        } catch (RuntimeException | Error e) {
          tell(name + " failed", e);
          if (closed) {
            return;
          }
          // Not longer and longer: code that depends on it waits meanwhile.
          LockSupport.parkNanos(this, pause);
          pause = Math.min(2 * pause, LONGEST_PAUSE / 4);
        }
      }
    }

    private void died(Thread dead, Throwable fault) {
      try {
        LOG.log(Level.ERROR, dead.getName() + " died of a fault, and is started anew", fault);
      } finally {
        if (this == keeper) {
          restartKeeper();
        } else if (!closed) {
          again(name + " cannot be started", fault, this::spawn);
        }
      }
    }

    /** By the thread that dies: if it cannot be replaced, it goes on itself. */
    private void restartKeeper() {
      try {
        spawn();
      } catch (RuntimeException | Error e) {
        tell(name + " cannot be started", e);
        run();
      }
    }

    /** Whether the caller is that thread. */
    public boolean isMine() {
      return Thread.currentThread() == thread.get();
    }

    /** Waits for the thread to end, a moment; not if it is the caller. */
    public void join(long millis) {
      Thread running = thread.get();
      if (running != null && running != Thread.currentThread()) {
        Engine.join(running, millis);
      }
    }

    /** Whether there is a thread that has not ended. */
    public boolean isAlive() {
      Thread present = thread.get();
      return present != null && present.isAlive();
    }
  }
}
