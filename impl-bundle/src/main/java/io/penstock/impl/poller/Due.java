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

  /** Adds one, unless it is here already. Any thread. */
  boolean add(T one) {
    boolean adds = QUEUED.compareAndSet((Link<?>) one, false, true);
    if (adds) {
      push(one);
    }
    return adds;
  }

  /** Puts one back behind the others that was taken and not looked at. With the turn. */
  void putBack(T one) {
    push(one);
  }

  private void push(T one) {
    Link<T> link = one;
    T before;
    do {
      before = added;
      link.next = before;
    } while (!ADDED.compareAndSet(this, before, one));
  }

  /** Whether there is none. With the turn. */
  boolean isEmpty() {
    return first == null && added == null;
  }

  /** Takes the oldest; null for none. With the turn. */
  @Nullable T poll() {
    T oldest = first != null ? first : takeAdded();
    if (oldest != null) {
      Link<T> link = oldest;
      first = link.next;
      link.next = null;
    }
    return oldest;
  }

  @SuppressWarnings("unchecked")
  private @Nullable T takeAdded() {
    if (added == null) {
      return null;
    }
    T newest = (T) ADDED.getAndSet(this, (Link<?>) null);
    T oldest = null;
    while (newest != null) {
      Link<T> link = newest;
      T older = link.next;
      link.next = oldest;
      oldest = newest;
      newest = older;
    }
    return oldest;
  }

  /** Forgets all. With the turn. */
  void clear() {
    first = null;
    added = null;
  }
}
