// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.component;

import io.penstock.impl.core.Engine;
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
 * Warns of what peers can bring about as often as they like: of the first of its kind at once, and
 * after a while how many more there were, so that a flood of peers does not become one of lines.
 */
final class Repeats {
  private static final System.Logger LOG = System.getLogger("io.penstock");

  /** How many kinds are told apart. */
  private static final int KINDS = 16;

  private static final String OTHERS = "of other kinds";

  private final Engine engine;
  private final Duration pause;
  private final ReentrantLock lock = new ReentrantLock();

  /** How often each came since it was told last. Guarded by the lock. */
  private final Map<String, Integer> untold = new HashMap<>();

  /** When each is counted up next. Guarded by the lock. */
  private final Map<String, Future<?>> next = new HashMap<>();

  private boolean closed;

  /** Pauses so long between two lines of the same. */
  Repeats(Engine engine, Duration pause) {
    this.engine = engine;
    this.pause = pause;
  }

  void warn(String who, String what) {
    String kind;
    boolean first;
    lock.lock();
    try {
      kind = untold.containsKey(what) || untold.size() < KINDS ? what : OTHERS;
      first = !closed && !untold.containsKey(kind);
      if (!closed) {
        untold.merge(kind, first ? 0 : 1, Integer::sum);
      }
    } finally {
      lock.unlock();
    }
    LOG.log(first ? Level.WARNING : Level.DEBUG, "{0}: {1}", who, what);
    if (first) {
      again(who, kind);
    }
  }

  private void again(String who, String kind) {
    Future<?> future;
    try {
      future = engine.schedule(pause, () -> sum(who, kind));
    } catch (RejectedExecutionException e) {
      LOG.log(Level.DEBUG, who + ": counts no more, everything is closing", e);
      return;
    }
    boolean late;
    lock.lock();
    try {
      late = closed;
      next.put(kind, future);
    } finally {
      lock.unlock();
    }
    if (late) {
      future.cancel(false);
    }
  }

  private void sum(String who, String kind) {
    int more;
    lock.lock();
    try {
      more = untold.getOrDefault(kind, 0);
      if (more == 0) {
        untold.remove(kind);
        next.remove(kind);
      } else {
        untold.put(kind, 0);
      }
    } finally {
      lock.unlock();
    }
    if (more > 0) {
      count(who, more, " in " + pause.toMillis() + " ms", kind);
      again(who, kind);
    }
  }

  private static void count(String who, int more, String when, String kind) {
    LOG.log(Level.WARNING, who + ": " + more + " more" + when + ": " + kind);
  }

  /** Tells what was not told yet, and warns no more. */
  void close(String who) {
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
        (kind, more) -> {
          if (more > 0) {
            count(who, more, " before the close", kind);
          }
        });
  }
}
