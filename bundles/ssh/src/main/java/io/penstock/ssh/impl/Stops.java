// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl;

import java.time.Duration;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Stops the library's servers and clients, each in a thread of its own, because the product's
 * threads may be gone by then. The bundle waits for these threads: its classes go with it, and a
 * thread that needs one more of them would fail, and leave the library's threads behind.
 */
public final class Stops {
  private static final ReentrantLock LOCK = new ReentrantLock();
  private static final Condition NONE_RUNS = LOCK.newCondition();

  // Guarded by the lock.
  private static int running;

  private Stops() {}

  /**
   * Counts a server or a client that has started its threads; {@link #stop} is called once for it.
   */
  public static void started() {
    LOCK.lock();
    try {
      running++;
    } finally {
      LOCK.unlock();
    }
  }

  /**
   * Stops one.
   *
   * @param stop waits until its threads have ended
   * @param close takes the place of {@code stop} if there is no thread to wait in
   */
  public static void stop(Runnable stop, Runnable close) {
    Thread stopper = new Thread(() -> run(stop), "penstock-ssh-stop");
    stopper.setDaemon(true);
    try {
      stopper.start();
    } catch (OutOfMemoryError e) {
      run(close);
    }
  }

  private static void run(Runnable stop) {
    try {
      stop.run();
    } finally {
      LOCK.lock();
      try {
        running--;
        if (running == 0) {
          NONE_RUNS.signalAll();
        }
      } finally {
        LOCK.unlock();
      }
    }
  }

  /**
   * Waits until none has threads any more.
   *
   * @return false if the time was over before
   */
  public static boolean await(Duration limit) throws InterruptedException {
    long left = limit.toNanos();
    LOCK.lock();
    try {
      while (running > 0) {
        if (left <= 0) {
          return false;
        }
        left = NONE_RUNS.awaitNanos(left);
      }
      return true;
    } finally {
      LOCK.unlock();
    }
  }
}
