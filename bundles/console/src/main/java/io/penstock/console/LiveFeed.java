// SPDX-License-Identifier: Apache-2.0
package io.penstock.console;

import io.penstock.operator.RuntimeJson;
import io.penstock.runtime.PenstockRuntime;
import io.penstock.runtime.RuntimeDTO;
import io.penstock.spi.Messages;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Looks once a second at what there is while a browser watches, and tells all browsers: of many
 * objects every other second, since a browser that reads and draws what moves of them is busy for
 * long. A minute after the last one has gone nothing is kept, and no thread runs. Thread-safe.
 */
final class LiveFeed implements AutoCloseable {
  /** So many streams may be open: each holds a thread of its server. */
  static final int MOST_STREAMS = 16;

  /** More objects than these are told of every other second. */
  static final int MANY = 300;

  private static final Logger LOG = Messages.log("console");
  private static final long LOOK_MILLIS = 1000;
  private static final long LINGER_NANOS = TimeUnit.SECONDS.toNanos(60);

  /** A look at everything, and how it differs from the one before. */
  private record Seen(long sequence, RuntimeDTO runtime, long lastEvent, String change) {}

  private final PenstockRuntime runtime;
  private final RecentEvents events;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition looked = lock.newCondition();
  // Guarded by the lock.
  private final long started = System.nanoTime();
  private TenMinutes history = new TenMinutes();
  private @Nullable ScheduledExecutorService clock;
  private @Nullable Seen seen;
  private long sequence;
  private boolean withheld;
  private long lastAsked;
  private int streams;
  private boolean closed;

  LiveFeed(PenstockRuntime runtime, RecentEvents events) {
    this.runtime = runtime;
    this.events = events;
  }

  /** Counts a stream; false if there are too many, or this is closed. */
  boolean openStream() {
    lock.lock();
    try {
      if (closed || streams >= MOST_STREAMS) {
        return false;
      }
      streams++;
      return true;
    } finally {
      lock.unlock();
    }
  }

  void closeStream() {
    lock.lock();
    try {
      streams--;
      lastAsked = System.nanoTime() - started;
    } finally {
      lock.unlock();
    }
  }

  /** Has what there is looked at from now on, for a while at least. Has the lock. */
  private void watch() {
    lastAsked = System.nanoTime() - started;
    if (clock == null && !closed) {
      ScheduledThreadPoolExecutor made =
          new ScheduledThreadPoolExecutor(
              1,
              task -> {
                Thread thread = new Thread(task, "penstock-console");
                thread.setDaemon(true);
                return thread;
              });
      var unused = made.scheduleAtFixedRate(this::look, 0, LOOK_MILLIS, TimeUnit.MILLISECONDS);
      clock = made;
    }
  }

  /** Looks once, and tells all browsers; the clock does it each second. */
  void look() {
    try {
      if (isIdle()) {
        return;
      }
      Seen before = lastSeen();
      RuntimeDTO now = runtime.runtime();
      if (isWithheld(now)) {
        return;
      }
      long event = events.last();
      String change = "";
      if (before != null) {
        RuntimeChanges changes = RuntimeChanges.between(before.runtime(), now);
        change =
            message(
                before.sequence() + 1,
                false,
                changes.runtime(),
                changes.gone(),
                events.between(before.lastEvent(), event));
      }
      lock.lock();
      try {
        // Another look was quicker, or all was forgotten meanwhile: a later look tells what this
        // has found.
        if (Objects.equals(seen, before)) {
          seen = new Seen(++sequence, now, event, change);
          looked.signalAll();
        }
      } finally {
        lock.unlock();
      }
    } catch (Throwable e) { // whatever it is, the clock goes on
      LOG.log(Level.WARNING, "the operator's page has no news of this second", e);
    }
  }

  /** Remembers a look; whether nobody is told of it. */
  private boolean isWithheld(RuntimeDTO now) {
    int objects =
        now.pipes().size() + now.channels().size() + now.listeners().size() + now.relays().size();
    lock.lock();
    try {
      history.add(now);
      withheld = objects > MANY && seen != null && !withheld;
      return withheld;
    } finally {
      lock.unlock();
    }
  }

  private @Nullable Seen lastSeen() {
    lock.lock();
    try {
      return seen;
    } finally {
      lock.unlock();
    }
  }

  /** Whether nobody has watched for a while; forgets everything then. */
  private boolean isIdle() {
    lock.lock();
    try {
      boolean idle = streams == 0 && System.nanoTime() - started - lastAsked > LINGER_NANOS;
      if (idle) {
        forget();
      }
      return idle || closed;
    } finally {
      lock.unlock();
    }
  }

  /** Has the lock. */
  private void forget() {
    if (clock != null) {
      clock.shutdown();
      clock = null;
    }
    seen = null;
    history = new TenMinutes();
  }

  private static String message(
      long sequence,
      boolean full,
      Object runtime,
      List<String> gone,
      List<Map<String, @Nullable Object>> events) {
    Map<String, Object> message = new LinkedHashMap<>();
    message.put("sequence", sequence);
    message.put("full", full);
    message.put("runtime", runtime);
    message.put("gone", gone);
    message.put("events", events);
    return RuntimeJson.value(message);
  }

  /**
   * What has come after a message: the change if that was the one before, or else everything. Waits
   * at most some seconds.
   *
   * @param after the number of the message that the watcher has; another number for none
   * @return null if nothing has come, or this is closed
   * @throws InterruptedException if the waiting thread is interrupted
   */
  @Nullable News next(long after) throws InterruptedException {
    Seen now = await(after);
    if (now == null) {
      return null;
    }
    return new News(
        now.sequence(),
        now.sequence() == after + 1 && !now.change().isEmpty()
            ? now.change()
            : message(
                now.sequence(),
                true,
                now.runtime(),
                List.of(),
                events.between(0, now.lastEvent())));
  }

  private @Nullable Seen await(long after) throws InterruptedException {
    lock.lock();
    try {
      watch();
      long left = TimeUnit.MILLISECONDS.toNanos(5 * LOOK_MILLIS);
      while (!closed && left > 0) {
        Seen now = seen;
        if (now != null && now.sequence() != after) {
          return now;
        }
        left = looked.awaitNanos(left);
      }
      return null;
    } finally {
      lock.unlock();
    }
  }

  /** The last ten minutes of an object, as far as somebody has watched. */
  List<Map<String, @Nullable Object>> history(String key) {
    lock.lock();
    try {
      return history.of(key);
    } finally {
      lock.unlock();
    }
  }

  /** The latest look; null if nobody watches. */
  @Nullable RuntimeDTO latest() {
    Seen now = lastSeen();
    return now == null ? null : now.runtime();
  }

  /** Whether it was closed. */
  boolean isClosed() {
    lock.lock();
    try {
      return closed;
    } finally {
      lock.unlock();
    }
  }

  /** Ends all streams. Idempotent. */
  @Override
  public void close() {
    lock.lock();
    try {
      closed = true;
      forget();
      looked.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /**
   * A message for watchers.
   *
   * @param sequence its number
   * @param json its content
   */
  record News(long sequence, String json) {}
}
