// SPDX-License-Identifier: Apache-2.0
package io.penstock.tls;

import io.penstock.spi.ProviderContext;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Tells the log of peers with whom there is no connection: of the first for each reason at once,
 * and after a while how many more there were. Anybody can make us refuse them as often as they
 * like, and a flood of peers must not become a flood of lines.
 */
final class Refusals {
  private static final Logger LOG = System.getLogger("io.penstock");

  /** How many reasons are told apart: a peer may have some influence on what is said of it. */
  static final int REASONS = 16;

  private static final String OTHERS = "other reasons";

  private final String name;
  private final ProviderContext context;
  private final Duration pause;
  private final ReentrantLock lock = new ReentrantLock();

  /** How often each reason came since it was told last. Guarded by the lock. */
  private final Map<String, Integer> untold = new HashMap<>();

  /** When each is counted up next. Guarded by the lock. */
  private final Map<String, Future<?>> next = new HashMap<>();

  private boolean closed;

  /**
   * Makes one for a listener.
   *
   * @param pause between two lines about the same
   */
  Refusals(String name, ProviderContext context, Duration pause) {
    this.name = name;
    this.context = context;
    this.pause = pause;
  }

  /** Notes that somebody was refused. */
  void tell(String who, String why, Throwable cause) {
    String message = name + ": no connection with " + who + ": " + why;
    if (begin(why)) {
      LOG.log(Level.WARNING, message);
    }
    LOG.log(Level.DEBUG, message, cause);
  }

  /** Counts; returns whether it is the first for a while. */
  private boolean begin(String why) {
    String reason;
    boolean first;
    lock.lock();
    try {
      if (closed) {
        return false;
      }
      reason = untold.containsKey(why) || untold.size() < REASONS ? why : OTHERS;
      first = !untold.containsKey(reason);
      untold.merge(reason, first ? 0 : 1, Integer::sum);
    } finally {
      lock.unlock();
    }
    if (first) {
      again(reason);
    }
    return first;
  }

  private void again(String reason) {
    Future<?> future;
    try {
      future = context.after(pause, () -> sum(reason));
    } catch (RejectedExecutionException e) {
      LOG.log(Level.DEBUG, name + ": everything is closing, nothing is counted any more", e);
      return;
    }
    boolean late;
    lock.lock();
    try {
      late = closed;
      next.put(reason, future);
    } finally {
      lock.unlock();
    }
    if (late) {
      future.cancel(false);
    }
  }

  private void sum(String reason) {
    int more;
    lock.lock();
    try {
      more = untold.getOrDefault(reason, 0);
      if (more == 0) {
        untold.remove(reason);
        next.remove(reason);
      } else {
        untold.put(reason, 0);
      }
    } finally {
      lock.unlock();
    }
    if (more > 0) {
      count(more, " in " + pause.toSeconds() + " s", reason);
      again(reason);
    }
  }

  private void count(int more, String when, String reason) {
    LOG.log(Level.WARNING, name + ": no connection with " + more + " more" + when + ": " + reason);
  }

  /** Tells what was not told yet, and counts no more. */
  void close() {
    Map<String, Integer> rest;
    List<Future<?>> pending;
    lock.lock();
    try {
      closed = true;
      rest = new TreeMap<>(untold);
      pending = List.copyOf(next.values());
      untold.clear();
      next.clear();
    } finally {
      lock.unlock();
    }
    pending.forEach(future -> future.cancel(false));
    rest.forEach(
        (reason, more) -> {
          if (more > 0) {
            count(more, " before the close", reason);
          }
        });
  }
}
