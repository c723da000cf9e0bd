// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.poller;

import java.util.ArrayDeque;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The turn to poll: first come, first served. Not a lock, because the thread that has the turn
 * waits and calls handlers with it.
 */
final class PollTurn {
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final ArrayDeque<Thread> queue = new ArrayDeque<>(2);
  private @Nullable Thread owner;
  private boolean stopped;

  /** The thread that has the turn; null for none. */
  @Nullable Thread owner() {
    lock.lock();
    try {
      return owner;
    } finally {
      lock.unlock();
    }
  }

  /** Whether the calling thread has the turn. */
  boolean mine() {
    lock.lock();
    try {
      return owner == Thread.currentThread();
    } finally {
      lock.unlock();
    }
  }

  /** Takes the turn if it is free, for a moment, and before the threads that wait for it. */
  boolean tryEnter() {
    lock.lock();
    try {
      if (owner != null) {
        return false;
      }
      owner = Thread.currentThread();
      return true;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Waits for the turn.
   *
   * @return false when the deadline passed first, or nobody gets it any more
   * @throws InterruptedException if interrupted while waiting; only looked at when it would wait
   */
  boolean enter(Deadline deadline) throws InterruptedException {
    Thread self = Thread.currentThread();
    lock.lock();
    try {
      queue.add(self);
      try {
        while (owner != null || queue.peek() != self) {
          long left = deadline.left();
          if (stopped || left <= 0) {
            return false;
          }
          if (left == Long.MAX_VALUE) {
            changed.await();
          } else {
            changed.awaitNanos(left);
          }
        }
        owner = self;
        return true;
      } finally {
        queue.remove(self);
        changed.signalAll();
      }
    } finally {
      lock.unlock();
    }
  }

  /** Passes the turn on. */
  void exit() {
    lock.lock();
    try {
      owner = null;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Sends away every thread that waits for the turn, now and later. */
  void stop() {
    lock.lock();
    try {
      stopped = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }
}
