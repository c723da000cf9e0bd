// SPDX-License-Identifier: Apache-2.0
package io.penstock.spi;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Future;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Warns of events that peers can cause as often as they like. The first event of a kind is logged
 * at once, and after a while how many more there were, so that a flood of peers does not become a
 * flood of lines. Safe for use by any thread.
 */
@ProviderType
public final class QuietLog implements AutoCloseable {
  /** How many kinds are distinguished: a peer may have some influence on the text about it. */
  private static final int KINDS = 16;

  private static final String OTHERS = "other reasons";

  private final Logger log;
  private final String prefix;
  private final Duration pause;
  private final BiFunction<Duration, Runnable, Future<?>> later;
  private final ReentrantLock lock = new ReentrantLock();

  /** How often each kind came since its last line. Guarded by the lock. */
  private final Map<String, Integer> untold = new HashMap<>();

  /** The task that logs the next count of each kind. Guarded by the lock. */
  private final Map<String, Future<?>> next = new HashMap<>();

  private boolean closed;

  /**
   * Makes one.
   *
   * @param log gets the lines
   * @param prefix begins each line
   * @param pause between two lines of the same kind
   * @param later runs a task after a while, as {@link ProviderContext#after} does
   */
  public QuietLog(
      Logger log, String prefix, Duration pause, BiFunction<Duration, Runnable, Future<?>> later) {
    this.log = log;
    this.prefix = prefix;
    this.pause = pause;
    this.later = later;
  }

  /**
   * Warns, or counts.
   *
   * @param line the line for this event
   * @param kind the common part of such events, such as the end of the line
   * @param cause logged at debug, if there is one
   */
  public void warn(String line, String kind, @Nullable Throwable cause) {
    String counted;
    boolean first;
    lock.lock();
    try {
      counted = untold.containsKey(kind) || untold.size() < KINDS ? kind : OTHERS;
      first = !closed && !untold.containsKey(counted);
      if (!closed) {
        untold.merge(counted, first ? 0 : 1, Integer::sum);
      }
    } finally {
      lock.unlock();
    }
    if (first) {
      log.log(Level.WARNING, prefix + line);
      again(counted);
    }
    if (!first || cause != null) {
      log.log(Level.DEBUG, prefix + line, cause);
    }
  }

  private void again(String kind) {
    Future<?> future = later.apply(pause, () -> sum(kind));
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

  private void sum(String kind) {
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
      count(more, " in " + shown(pause), kind);
      again(kind);
    }
  }

  private static String shown(Duration pause) {
    long millis = pause.toMillis();
    return millis % 1000 == 0 ? millis / 1000 + " s" : millis + " ms";
  }

  private void count(int more, String when, String kind) {
    log.log(Level.WARNING, prefix + more + " more" + when + ": " + kind);
  }

  /** Logs the events that were not logged yet, and warns no more. Idempotent. */
  @Override
  public void close() {
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
            count(more, " before the close", kind);
          }
        });
  }
}
