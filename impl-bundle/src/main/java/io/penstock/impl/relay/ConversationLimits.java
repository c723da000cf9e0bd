// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.relay;

import io.penstock.impl.engine.Engine;
import io.penstock.stream.Wait;
import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * How long a conversation may last: as a whole, without a byte that moves, after one of its
 * directions is done, and for want of a verdict.
 */
final class ConversationLimits {
  /** Is told when a limit has passed. */
  interface Owner {
    /** The conversation has lasted too long. */
    void passed(String what);

    /** One direction alone has lasted long enough. */
    void lingered();

    /** A verdict was waited for long enough. */
    void overdue();
  }

  private final Engine engine;
  private final Wait lingers;
  private final Owner owner;
  private final ReentrantLock lock = new ReentrantLock();
  private final long started;
  private final Limit idle;
  private final Limit total;
  private volatile long lastMoved;
  private volatile boolean held;
  // All guarded by the lock.
  private @Nullable Future<?> linger;
  private @Nullable Future<?> verdict;
  private boolean over;

  /**
   * Begins to count; nothing is watched yet.
   *
   * @param lingers how long one direction may go on alone
   * @param idle how long no byte may move; may change
   * @param total how long the whole may last; may change
   */
  ConversationLimits(
      Engine engine, Wait lingers, Supplier<Wait> idle, Supplier<Wait> total, Owner owner) {
    this.engine = engine;
    this.lingers = lingers;
    this.owner = owner;
    this.started = engine.parker().nanoTime();
    this.lastMoved = started;
    this.idle = new Limit(idle, () -> lastMoved, "was idle: no byte went either way for ");
    this.total = new Limit(total, () -> started, "took too long: the connection may last ");
  }

  /** A byte has moved. */
  void moved() {
    lastMoved = engine.parker().nanoTime();
  }

  /**
   * An operator holds the conversation, or no longer does: idle time is not the peers' meanwhile.
   */
  void held(boolean value) {
    moved();
    held = value;
  }

  /** Looks at the limits, which may have changed, and looks again when they would have passed. */
  void watch() {
    idle.watch();
    total.watch();
  }

  /** One direction is done, perhaps not for the first time. */
  void startLinger() {
    if (lingers.kind() != Wait.Kind.UP_TO) {
      return;
    }
    lock.lock();
    try {
      if (linger == null && !over) {
        linger = engine.schedule(Duration.ofNanos(lingers.nanos()), owner::lingered);
      }
    } finally {
      lock.unlock();
    }
  }

  /** Only a verdict is missing that may never come, perhaps not for the first time. */
  void awaitVerdict(Duration grace) {
    lock.lock();
    try {
      if (verdict == null && !over) {
        verdict = engine.schedule(grace, owner::overdue);
      }
    } finally {
      lock.unlock();
    }
  }

  /** The conversation is over. */
  void stop() {
    lock.lock();
    try {
      over = true;
      cancel(linger);
      cancel(verdict);
      cancel(idle.next);
      cancel(total.next);
    } finally {
      lock.unlock();
    }
  }

  private static void cancel(@Nullable Future<?> task) {
    if (task != null) {
      task.cancel(false);
    }
  }

  /** A limit that may change. */
  private final class Limit {
    private final Supplier<Wait> limit;
    private final LongSupplier since;
    private final String what;
    // Guarded by the lock.
    private @Nullable Future<?> next;

    Limit(Supplier<Wait> limit, LongSupplier since, String what) {
      this.limit = limit;
      this.since = since;
      this.what = what;
    }

    void watch() {
      Wait most = limit.get();
      if (most.kind() != Wait.Kind.UP_TO) {
        return;
      }
      if (held && this == idle) {
        moved();
      }
      long left = most.nanos() - (engine.parker().nanoTime() - since.getAsLong());
      if (left > 0) {
        watchAfter(Duration.ofNanos(left));
      } else {
        owner.passed(what + Duration.ofNanos(most.nanos()).toMillis() + " ms");
      }
    }

    private void watchAfter(Duration delay) {
      lock.lock();
      try {
        cancel(next);
        next = over ? null : engine.schedule(delay, this::watch);
      } finally {
        lock.unlock();
      }
    }
  }
}
