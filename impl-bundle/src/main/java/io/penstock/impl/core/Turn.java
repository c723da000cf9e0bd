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
 * The turn to use a driver, in the order of arrival but for what follows. It is not a lock: its
 * holder may wait for readiness with it, and it may be handed from thread to thread.
 *
 * <p>One word says whether the turn is free, held, wanted by others, or open. Taking an uncontended
 * turn and passing it on is one compare-and-set each. What the holder did before passing it on is
 * visible to the next holder.
 *
 * <p>A parked thread needs far longer to run again than most calls take. So the turn is open while
 * the first in the queue is on its way: a call that would not wait may take it meanwhile. The first
 * has it next once it runs, so each is overtaken only for as long as it takes to wake a thread.
 */
abstract class Turn {
  private static final int FREE = 0;
  private static final int HELD = 1;
  // Held, and the holder must look for queued or refused callers when it passes the turn on.
  private static final int WANTED = 2;
  // Not held, and the first in the queue was woken to take it.
  private static final int OPEN = 3;
  // Held by a call that has overtaken the queue.
  private static final int OVERTAKEN = 4;
  // Together a small part of what it takes to park.
  private static final int GLANCES = 64;
  static final InLine[] NO_CALLERS = {};
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
    // How many of them must not be overtaken.
    int strict;
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

  /** A call that waits for its turn, and is woken as well when it might have to give up. */
  interface InLine extends Waiter {}

  /** A place in the queue. */
  static final class Place {
    private final Waiter waiter;
    private final boolean strict;
    private volatile boolean granted;
    private boolean immediate;
    private boolean called;
    private boolean insists;

    Place(Waiter waiter, boolean strict) {
      this.waiter = waiter;
      this.strict = strict;
    }

    boolean granted() {
      return granted;
    }

    /** Looks for a moment whether the turn is just coming, if it is the next. */
    boolean comes() {
      for (int i = 0; insists && !granted && i < GLANCES; i++) {
        Thread.onSpinWait();
      }
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

  /** Takes the turn if it is free. A refusal is not remembered. */
  boolean takeFree() {
    return replace(FREE, HELD);
  }

  /** Whether the turn is neither held nor free, but open to a call that does not wait. */
  boolean isOpen() {
    return word() == OPEN;
  }

  /** Takes the turn if it is open. A refusal is not remembered. For a call that does not wait. */
  boolean overtake() {
    return replace(OPEN, OVERTAKEN);
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
        } else if (noteWanted(now)) {
          present.refused = true;
          return true;
        }
      }
    } finally {
      present.lock.unlock();
    }
  }

  /**
   * Has the holder, if there is one, look at the queue when it passes the turn on. Only with the
   * lock; an open turn is one that the first in the queue will hold.
   *
   * @return false if the word has changed
   */
  private boolean noteWanted(int now) {
    return now == WANTED || now == OPEN || replace(now, WANTED);
  }

  /**
   * Takes the turn, or a place in the queue whose waiter is woken once, when the turn has come.
   * Nothing overtakes it.
   */
  Place enterForTask(Waiter waiter) {
    return enter(new Place(waiter, true));
  }

  /**
   * Takes the turn, or a place in the queue. Its caller is woken when it should {@link #claim} the
   * turn, and may be woken for other reasons.
   */
  Place enter(InLine caller) {
    return enter(new Place(caller, false));
  }

  /**
   * The callers in the queue, to be woken after a change of the state. A caller that comes later
   * sees the change.
   */
  InLine[] inLine() {
    Queue present = queue;
    if (present == null) {
      return NO_CALLERS;
    }
    present.lock.lock();
    try {
      return present.places.isEmpty()
          ? NO_CALLERS
          : present.places.stream()
              .filter(place -> !place.strict)
              .map(place -> (InLine) place.waiter)
              .toArray(InLine[]::new);
    } finally {
      present.lock.unlock();
    }
  }

  private Place enter(Place place) {
    Queue present = queue();
    Place first = null;
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
        } else if (now == OPEN && place.strict) {
          if (replace(OPEN, WANTED)) {
            first = grantFirst(present);
          }
        } else if (noteWanted(now)) {
          present.places.add(place);
          present.strict += place.strict ? 1 : 0;
          return place;
        }
      }
    } finally {
      present.lock.unlock();
      if (first != null) {
        first.waiter.wake();
      }
    }
  }

  /** Gives the turn, which is wanted, to the first in the queue. Only with the lock. */
  private static Place grantFirst(Queue queue) {
    Place first = queue.places.remove();
    queue.strict -= first.strict ? 1 : 0;
    first.granted = true;
    return first;
  }

  /**
   * Takes the turn for the first in the queue, if it is open. If it is not, the place will be given
   * the turn next.
   *
   * @return whether the place has the turn
   */
  boolean claim(Place place) {
    if (place.granted) {
      return true;
    }
    Queue present = queue();
    present.lock.lock();
    try {
      if (present.places.peek() != place) {
        return place.granted;
      }
      while (true) {
        int now = word();
        if (now == OPEN) {
          if (replace(OPEN, WANTED)) {
            grantFirst(present);
            return true;
          }
        } else if (noteWanted(now)) {
          place.insists = place.called;
          return false;
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
      while (present.places.peek() == place) {
        int now = word();
        if (now == OPEN) {
          if (replace(OPEN, WANTED)) {
            // To exit it is to call the next one.
            grantFirst(present);
            return false;
          }
        } else if (noteWanted(now)) {
          break;
        }
      }
      boolean left = present.places.remove(place);
      present.strict -= left && place.strict ? 1 : 0;
      return left;
    } finally {
      present.lock.unlock();
    }
  }

  /**
   * Passes the turn on.
   *
   * @return true if the turn is free or open now and a caller was refused meanwhile, which must be
   *     told that a try is worthwhile
   */
  boolean exit() {
    return !replace(HELD, FREE) && !replace(OVERTAKEN, OPEN) && passOn();
  }

  private boolean passOn() {
    Queue present = queue();
    Place woken = null;
    boolean tell = false;
    present.lock.lock();
    try {
      Place first = present.places.peek();
      if (first != null && (present.strict > 0 || first.insists)) {
        woken = grantFirst(present);
      } else {
        tell = present.refused;
        present.refused = false;
        word(first == null ? FREE : OPEN);
        if (first != null && !first.called) {
          first.called = true;
          woken = first;
        }
      }
    } finally {
      present.lock.unlock();
    }
    if (woken != null) {
      woken.waiter.wake();
    }
    return tell;
  }
}
