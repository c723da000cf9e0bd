// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.engine;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/** What one connection, or one direction of it, holds of the memory for buffers. */
public final class Account implements AutoCloseable {
  /** Pieces of this size are read while memory is scarce. */
  public static final int SMALL = 4 * 1024;

  /** One that is cut and holds on for longer is not waited for. */
  private static final long LETTING_GO_NANOS = 2 * Budgets.GRACE.toNanos() + 250_000_000;

  /** A holder of memory. Called without a lock. */
  public interface Holder {
    /** The name, for errors. */
    String name();

    /** Grows with each byte that leaves the buffers. */
    long progress();

    /** Gives back memory that holds no bytes. */
    default void trim() {}

    /** Ends the connection. */
    void cut(IOException cause);
  }

  private final Budgets budgets;
  private final Holder holder;
  private final List<Budget> limits;
  private final AtomicLong held = new AtomicLong();

  private volatile long heldSince;
  private volatile boolean closed;

  // Of the relief's thread.
  private long seen;
  private long stalledSince;
  private boolean stalled;
  private boolean cut;
  private long cutAt;

  Account(Budgets budgets, Holder holder, List<Budget> limits) {
    this.budgets = budgets;
    this.holder = holder;
    this.limits = limits;
  }

  /** How many bytes of memory are held. */
  public long held() {
    return held.get();
  }

  /** Counts how much more is held than before or, below zero, how much less. */
  public void count(long bytes) {
    if (bytes > 0) {
      hold(bytes);
    } else if (bytes < 0) {
      release(-bytes);
    }
  }

  /** Counts memory that is held from now on, also beyond the limit. */
  public void hold(long bytes) {
    if (held.getAndAdd(bytes) == 0) {
      heldSince = budgets.now();
      budgets.opened(this);
    }
    boolean reached = false;
    for (Budget limit : limits) {
      reached |= limit.add(bytes);
    }
    if (reached) {
      budgets.shortage();
    }
    if (closed) {
      close();
    }
  }

  /** Counts memory that was let go; never more than is held. */
  public void release(long most) {
    long before = held.getAndUpdate(present -> present - Math.min(present, most));
    long bytes = Math.min(before, most);
    if (bytes == 0) {
      if (closed) {
        // The thread that counted something meanwhile has added it again.
        budgets.settled(this);
      }
      return;
    }
    if (bytes == before) {
      budgets.settled(this);
    }
    boolean room = false;
    for (Budget limit : limits) {
      room |= limit.remove(bytes);
    }
    if (room) {
      budgets.room();
    }
  }

  /** Counts everything as let go, also what is held from now on. */
  @Override
  public void close() {
    closed = true;
    release(Long.MAX_VALUE);
  }

  /** Whether there is so much that nobody misses a few bytes more. */
  public boolean isAmple(long bytes) {
    for (Budget limit : limits) {
      if (!limit.isAmple(bytes)) {
        return false;
      }
    }
    return true;
  }

  List<Budget> limits() {
    return limits;
  }

  boolean counts(Budget budget) {
    return limits.contains(budget);
  }

  Holder holder() {
    return holder;
  }

  /** Looks how it goes since the last look. */
  void look(long now) {
    long before = seen;
    long progress = holder.progress();
    // A holder that takes less than it holds from one look to the next is slower than the others.
    boolean slow = progress - before < held.get();
    seen = progress;
    if (slow && !stalled) {
      // A holder that has moved nothing yet has been slow from the beginning.
      stalledSince = before == 0 ? heldSince : now;
    }
    stalled = slow;
  }

  /** For how long it has been slow. */
  long slowFor(long now) {
    // What was held before, and let go, is no fault of what is held now.
    long since = Math.max(stalledSince - heldSince, 0) + heldSince;
    return stalled ? now - since : 0;
  }

  /** Notes that it is cut; returns whether it can be expected to let go of what it holds. */
  boolean letsGoWhenCut(long now) {
    if (!cut) {
      cut = true;
      cutAt = now;
    }
    return now - cutAt <= LETTING_GO_NANOS;
  }

  /** Forgets what was seen, once nothing is short any more. */
  void forgetLooks() {
    stalled = false;
  }
}
