// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.poller;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/**
 * What is due, in the order in which it came. Any thread adds, and the holder of the turn to poll
 * takes. The links are in what is due, so that an event makes no garbage.
 */
final class Due<T extends Due.Link<T>> {
  private static final VarHandle ADDED;
  private static final VarHandle QUEUED;

  static {
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      ADDED = lookup.findVarHandle(Due.class, "added", Link.class);
      QUEUED = lookup.findVarHandle(Link.class, "queued", boolean.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /** One that may be due, in one queue at the most. */
  abstract static class Link<T extends Link<T>> {
    private @Nullable T next;

    @SuppressWarnings("unused")
    private volatile boolean queued;

    /** From now on it can be added again. For who has taken it, before the look. */
    final void looksNow() {
      queued = false;
    }
  }

  /** What came since the last look, the newest first. */
  private volatile @Nullable T added;

  /** What came before, the oldest first. With the turn. */
  private @Nullable T first;

  private @Nullable T last;

  /** Adds one, unless it is here already. Any thread. */
  boolean add(T one) {
    boolean adds = queue(one);
    if (adds) {
      Link<T> link = one;
      T before;
      do {
        before = added;
        link.next = before;
      } while (!ADDED.compareAndSet(this, before, one));
    }
    return adds;
  }

  private static boolean queue(Link<?> one) {
    return QUEUED.compareAndSet(one, false, true);
  }

  /** Adds one, unless it is here already. With the turn, which makes it cheaper. */
  void addMine(T one) {
    if (queue(one)) {
      putBack(one);
    }
  }

  /** Puts one back behind the others that was taken and not looked at. With the turn. */
  void putBack(T one) {
    takeAdded();
    Link<T> link = one;
    // It may have been forgotten with others behind it.
    link.next = null;
    append(one, one);
  }

  private void append(T head, T tail) {
    Link<T> before = last;
    if (before == null) {
      first = head;
    } else {
      before.next = head;
    }
    last = tail;
  }

  /** Whether there is none. With the turn. */
  boolean isEmpty() {
    return first == null && added == null;
  }

  /** Takes the oldest; null for none. With the turn. */
  @Nullable T poll() {
    if (first == null) {
      takeAdded();
    }
    T oldest = first;
    if (oldest != null) {
      Link<T> link = oldest;
      first = link.next;
      if (first == null) {
        last = null;
      }
      link.next = null;
    }
    return oldest;
  }

  /** Puts what other threads have added behind what came before. */
  @SuppressWarnings("unchecked")
  private void takeAdded() {
    if (added == null) {
      return;
    }
    T newest = (T) ADDED.getAndSet(this, (Link<?>) null);
    T oldest = newest;
    Link<T> link = newest;
    T older = link.next;
    link.next = null;
    while (older != null) {
      link = older;
      T before = link.next;
      link.next = oldest;
      oldest = older;
      older = before;
    }
    append(oldest, newest);
  }

  /** Forgets all. With the turn. */
  void clear() {
    first = null;
    last = null;
    added = null;
  }
}
