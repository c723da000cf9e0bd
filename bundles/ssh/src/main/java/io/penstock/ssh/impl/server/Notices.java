// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.server;

import io.penstock.spi.Messages;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Tells observers what a client has said, one thing at a time, in order, and not on the thread that
 * reads the socket. Clients may say more than observers keep up with, and no window bounds that: of
 * sizes one waits, and a limited number of signals.
 */
final class Notices {
  /** Signals that wait. */
  static final int MAX_SIGNALS = 16;

  private static final Logger LOG = Messages.log("ssh.server");

  /** One that waits. */
  private record Due(boolean signal, Runnable notice) {}

  private final Object whose;
  private final Executor executor;

  private final ReentrantLock guard = new ReentrantLock();
  // All guarded by it.
  private final Queue<Due> due = new ArrayDeque<>();
  private int signals;
  private boolean sizeDue;
  private boolean telling;

  /**
   * With nothing to tell.
   *
   * @param whose for the log
   * @param executor runs observers
   */
  Notices(Object whose, Executor executor) {
    this.whose = whose;
    this.executor = executor;
  }

  /**
   * Tells of a new size, if that is not to be told already.
   *
   * @param notice finds out what the size is by then
   */
  void size(Runnable notice) {
    guard.lock();
    try {
      if (sizeDue) {
        return;
      }
      sizeDue = true;
      if (!add(new Due(false, notice))) {
        return;
      }
    } finally {
      guard.unlock();
    }
    begin();
  }

  /**
   * Tells of a signal.
   *
   * @return false if too many wait: it is dropped
   */
  boolean signal(Runnable notice) {
    guard.lock();
    try {
      if (signals == MAX_SIGNALS) {
        return false;
      }
      signals++;
      if (!add(new Due(true, notice))) {
        return true;
      }
    } finally {
      guard.unlock();
    }
    begin();
    return true;
  }

  private void begin() {
    try {
      executor.execute(this::run);
    } catch (RuntimeException | Error e) {
      guard.lock();
      try {
        // What waits is told with the next.
        telling = false;
      } finally {
        guard.unlock();
      }
      throw e;
    }
  }

  /** With the lock held; returns whether the caller has to start the notifications. */
  private boolean add(Due next) {
    due.add(next);
    boolean begin = !telling;
    telling = true;
    return begin;
  }

  private @Nullable Runnable next() {
    guard.lock();
    try {
      Due next = due.poll();
      telling = next != null;
      if (next == null) {
        return null;
      }
      if (next.signal()) {
        signals--;
      } else {
        sizeDue = false;
      }
      return next.notice();
    } finally {
      guard.unlock();
    }
  }

  private void run() {
    for (Runnable next = next(); next != null; next = next()) {
      try {
        next.run();
      } catch (RuntimeException | Error e) {
        LOG.log(Level.WARNING, "{0}: an observer has failed", whose, e);
      }
    }
  }
}
