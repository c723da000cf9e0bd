// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.core;

import io.penstock.impl.engine.Waiter;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.ArrayDeque;
import java.util.Objects;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The turn to use a driver: first come, first served. It is not a lock: its holder may wait for
 * readiness with it, and it may be handed from thread to thread.
 *
 * <p>One word says whether the turn is free, held, or held and wanted. Taking an uncontended turn
 * and passing it on is one compare-and-set each. What the holder did before passing it on is
 * visible to the next holder.
 */
abstract class Turn {
  private static final int FREE = 0;
  private static final int HELD = 1;
  // Held, and the holder must look for queued or refused callers when it passes the turn on.
  private static final int WANTED = 2;
  private static final VarHandle QUEUE;
  private static final VarHandle HOLD;

  static {
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      QUEUE = lookup.findVarHandle(Turn.class, "queue", Queue.class);
      HOLD = lookup.findVarHandle(Turn.class, "hold", Place.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /** The callers that want the turn; made for the first of them. */
  private static final class Queue {
    final ReentrantLock lock = new ReentrantLock();
    final ArrayDeque<Place> places = new ArrayDeque<>(2);
    boolean refused;
  }

  @SuppressWarnings("unused")
  private volatile @Nullable Queue queue;

  // Of an operator who holds the end.
  @SuppressWarnings("unused")
  private volatile @Nullable Place hold;

  // Belong to the holder of the turn; read by any thread, which may see them a little late.
  private long bytes;
  private long operations;

  // ---- what is counted, and held

  /** Counts bytes. For the holder. */
  void moved(int n) {
    bytes += n;
    operations++;
  }

  long bytes() {
    return bytes;
  }

  long operations() {
    return operations;
  }

  /** Notes an operator's place; false if there is one. */
  boolean hold(Place place) {
    return HOLD.compareAndSet(this, (Place) null, place);
  }

  /** Takes the operator's place out; null if there is none. */
  @Nullable Place unhold() {
    return (Place) HOLD.getAndSet(this, (Place) null);
  }

  boolean isOnHold() {
    return hold != null;
  }

  /** Whether the operator's turn has come. */
  boolean isStill() {
    Place place = hold;
    return place != null && place.granted();
  }

  // ---- the word

  /** Replaces the word, as a volatile access, if it is as expected. */
  abstract boolean replace(int expected, int value);

  /** The word, as a volatile access. */
  abstract int word();

  /** Sets the word, as a volatile access. */
  abstract void word(int value);

  /** A place in the queue. */
  static final class Place {
    private final Waiter waiter;
    private volatile boolean granted;
    private boolean immediate;

    Place(Waiter waiter) {
      this.waiter = waiter;
    }

    boolean granted() {
      return granted;
    }

    /** Whether the turn was free at once, so that the waiter will not be woken. */
    boolean immediate() {
      return immediate;
    }
  }

  private Queue queue() {
    Queue present = queue;
    if (present == null) {
      QUEUE.compareAndSet(this, (Queue) null, new Queue());
      present = queue;
    }
    return Objects.requireNonNull(present, "queue");
  }

  /**
   * Takes the turn if it is free and no caller is before us. A refusal is remembered, see {@link
   * #exit}.
   */
  boolean tryEnter() {
    return replace(FREE, HELD) || !refuse(true);
  }

  /** Whether the turn is held. If so this counts as a refusal, see {@link #exit}. */
  boolean held() {
    return word() != FREE && refuse(false);
  }

  /** Notes that a caller was refused, or takes the turn if it has come free and is wanted. */
  private boolean refuse(boolean take) {
    Queue present = queue();
    present.lock.lock();
    try {
      while (true) {
        int now = word();
        if (now == FREE) {
          if (!take || replace(FREE, HELD)) {
            return false;
          }
        } else if (now == WANTED || replace(HELD, WANTED)) {
          present.refused = true;
          return true;
        }
      }
    } finally {
      present.lock.unlock();
    }
  }

  /** Takes the turn, or a place in the queue whose waiter is woken when the turn has come. */
  Place enter(Waiter waiter) {
    Place place = new Place(waiter);
    Queue present = queue();
    present.lock.lock();
    try {
      while (true) {
        int now = word();
        if (now == FREE) {
          if (replace(FREE, HELD)) {
            place.granted = true;
            place.immediate = true;
            return place;
          }
        } else if (now == WANTED || replace(HELD, WANTED)) {
          present.places.add(place);
          return place;
        }
      }
    } finally {
      present.lock.unlock();
    }
  }

  /**
   * Gives a place up.
   *
   * @return false if the turn was granted meanwhile, so that it must be exited
   */
  boolean leave(Place place) {
    Queue present = queue();
    present.lock.lock();
    try {
      return present.places.remove(place);
    } finally {
      present.lock.unlock();
    }
  }

  /**
   * Passes the turn on.
   *
   * @return true if the turn is free now and a caller was refused meanwhile, which must be told
   *     that a try is worthwhile
   */
  boolean exit() {
    return !replace(HELD, FREE) && passOn();
  }

  private boolean passOn() {
    Queue present = queue();
    @Nullable Place next;
    boolean tell = false;
    present.lock.lock();
    try {
      next = present.places.poll();
      if (next == null) {
        tell = present.refused;
        present.refused = false;
        word(FREE);
      } else {
        next.granted = true;
      }
    } finally {
      present.lock.unlock();
    }
    if (next != null) {
      next.waiter.wake();
    }
    return tell;
  }
}
