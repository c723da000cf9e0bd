// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.core;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.ArrayDeque;
import java.util.Objects;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Whose turn it is to use a driver: first come, first served. Not a lock: whoever has the turn may
 * wait for readiness with it, and a turn may be handed from thread to thread.
 *
 * <p>One word says whether the turn is free, held, or held while somebody wants it; taking and
 * passing on an uncontended turn is one compare-and-set each, and what the holder did before
 * passing it on is visible to the next.
 */
@SuppressWarnings("unused")
final class Turn extends TurnWord {
  private static final int FREE = 0;
  private static final int HELD = 1;
  // Held, and whoever passes it on must look whether somebody queues or was refused.
  private static final int WANTED = 2;
  private static final VarHandle STATE;
  private static final VarHandle QUEUE;

  static {
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      STATE = lookup.findVarHandle(TurnWord.class, "state", int.class);
      QUEUE = lookup.findVarHandle(TurnWord.class, "queue", Queue.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

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

  private long p10;
  private long p11;
  private long p12;
  private long p13;
  private long p14;
  private long p15;
  private long p16;

  private Queue queue() {
    Queue present = queue;
    if (present == null) {
      QUEUE.compareAndSet((TurnWord) this, (Queue) null, new Queue());
      present = queue;
    }
    return Objects.requireNonNull(present, "queue");
  }

  /**
   * Takes the turn if it is free and nobody is before us. A refusal is remembered, see {@link
   * #exit}.
   */
  boolean tryEnter() {
    return STATE.compareAndSet((TurnWord) this, FREE, HELD) || !refuse(true);
  }

  /** Whether somebody has the turn. If so this counts as a refusal, see {@link #exit}. */
  boolean held() {
    return (int) STATE.getVolatile((TurnWord) this) != FREE && refuse(false);
  }

  /** Notes that somebody was refused, or takes the turn if it has come free and is wanted. */
  private boolean refuse(boolean take) {
    Queue present = queue();
    present.lock.lock();
    try {
      while (true) {
        int now = (int) STATE.getVolatile((TurnWord) this);
        if (now == FREE) {
          if (!take || STATE.compareAndSet((TurnWord) this, FREE, HELD)) {
            return false;
          }
        } else if (now == WANTED || STATE.compareAndSet((TurnWord) this, HELD, WANTED)) {
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
        int now = (int) STATE.getVolatile((TurnWord) this);
        if (now == FREE) {
          if (STATE.compareAndSet((TurnWord) this, FREE, HELD)) {
            place.granted = true;
            place.immediate = true;
            return place;
          }
        } else if (now == WANTED || STATE.compareAndSet((TurnWord) this, HELD, WANTED)) {
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
   * @return true if the turn is free now and somebody was refused meanwhile, who must be told that
   *     a try is worth it
   */
  boolean exit() {
    return !STATE.compareAndSet((TurnWord) this, HELD, FREE) && passOn();
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
        STATE.setVolatile((TurnWord) this, FREE);
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

/**
 * Keeps the word, which changes with every call, off the cache lines of what lies around it and is
 * read by the other side. The int takes the gap behind the header.
 */
@SuppressWarnings("unused")
abstract class TurnPadding {
  private int gap;
  private long p00;
  private long p01;
  private long p02;
  private long p03;
  private long p04;
  private long p05;
}

/** The word, and those who want the turn. */
abstract class TurnWord extends TurnPadding {
  volatile int state;
  volatile @Nullable Queue queue;

  /** Made for the first who wants it. */
  static final class Queue {
    final ReentrantLock lock = new ReentrantLock();
    final ArrayDeque<Turn.Place> places = new ArrayDeque<>(2);
    boolean refused;
  }
}
