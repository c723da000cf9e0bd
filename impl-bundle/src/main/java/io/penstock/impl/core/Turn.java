// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.core;

import java.util.ArrayDeque;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Whose turn it is to use a driver: first come, first served. Not a lock: whoever has the turn may
 * wait for readiness with it, and a turn may be handed from thread to thread.
 */
final class Turn {
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

  private final ReentrantLock lock = new ReentrantLock();
  private final ArrayDeque<Place> queue = new ArrayDeque<>(2);
  private boolean held;
  private boolean refused;

  /**
   * Takes the turn if it is free and nobody is before us. A refusal is remembered, see {@link
   * #exit}.
   */
  boolean tryEnter() {
    lock.lock();
    try {
      if (held) {
        refused = true;
        return false;
      }
      held = true;
      return true;
    } finally {
      lock.unlock();
    }
  }

  /** Whether somebody has the turn. If so this counts as a refusal, see {@link #exit}. */
  boolean held() {
    lock.lock();
    try {
      refused |= held;
      return held;
    } finally {
      lock.unlock();
    }
  }

  /** Takes the turn, or a place in the queue whose waiter is woken when the turn has come. */
  Place enter(Waiter waiter) {
    Place place = new Place(waiter);
    lock.lock();
    try {
      if (held) {
        queue.add(place);
      } else {
        held = true;
        place.granted = true;
        place.immediate = true;
      }
    } finally {
      lock.unlock();
    }
    return place;
  }

  /**
   * Gives a place up.
   *
   * @return false if the turn was granted meanwhile, so that it must be exited
   */
  boolean leave(Place place) {
    lock.lock();
    try {
      return queue.remove(place);
    } finally {
      lock.unlock();
    }
  }

  /**
   * Passes the turn on.
   *
   * @return true if the turn is free now and somebody was refused meanwhile, who must be told that
   *     a try is worth it
   */
  boolean exit() {
    @Nullable Place next;
    boolean tell = false;
    lock.lock();
    try {
      next = queue.poll();
      if (next == null) {
        held = false;
        tell = refused;
        refused = false;
      } else {
        next.granted = true;
      }
    } finally {
      lock.unlock();
    }
    if (next != null) {
      next.waiter.wake();
    }
    return tell;
  }
}
