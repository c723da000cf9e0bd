// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.poller;

import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The right to be in a selector: of the polling thread while it waits there, or of a visitor, which
 * must not get stuck behind that wait. A visitor goes before the next wait.
 */
final class SelectorTurn {
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition free = lock.newCondition();
  // Both guarded by the lock.
  private boolean taken;
  private int visitors;

  /** The polling thread is about to wait in the selector. */
  void enter() {
    lock.lock();
    try {
      while (taken || visitors > 0) {
        free.awaitUninterruptibly();
      }
      taken = true;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Another thread is about to enter, once it has woken the polling thread.
   *
   * @param nanos how long that one may take to leave
   * @return false if it has not left
   * @throws InterruptedException if the thread has to wait, and is interrupted
   */
  boolean visit(long nanos) throws InterruptedException {
    lock.lock();
    try {
      visitors++;
      try {
        long left = nanos;
        while (taken) {
          if (left <= 0) {
            return false;
          }
          left = free.awaitNanos(left);
        }
        taken = true;
        return true;
      } finally {
        visitors--;
        // The polling thread may wait for this visitor alone.
        free.signalAll();
      }
    } finally {
      lock.unlock();
    }
  }

  /** Whichever thread has entered has left. */
  void leave() {
    lock.lock();
    try {
      taken = false;
      free.signalAll();
    } finally {
      lock.unlock();
    }
  }
}
