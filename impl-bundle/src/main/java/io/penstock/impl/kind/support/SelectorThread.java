// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.support;

import java.io.IOException;
import java.nio.channels.Selector;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A daemon thread with a selector, which exists only while it has something to do: how others hand
 * it what to do, and how it finds out that there is nothing more.
 *
 * @param <T> what it is handed
 */
public final class SelectorThread<T> {
  /** Opens selectors; fails as the system does, for want of descriptors. */
  @FunctionalInterface
  public interface Opening {
    /** Opens one. */
    Selector open() throws IOException;
  }

  private final String name;
  private final Opening opening;
  private final Consumer<Selector> work;

  private final ReentrantLock lock = new ReentrantLock();
  // Both guarded by the lock.
  private final Queue<T> handed = new ArrayDeque<>();
  private @Nullable Selector selector;

  /** Whether a channel was closed that the selector may still hold. */
  private final AtomicBoolean released = new AtomicBoolean();

  /**
   * No thread yet.
   *
   * @param name of the thread
   * @param opening opens its selector, which the work has to close
   * @param work what it does, until {@link #take} says that there is nothing more
   */
  public SelectorThread(String name, Opening opening, Consumer<Selector> work) {
    this.name = name;
    this.opening = opening;
    this.work = work;
  }

  /**
   * Hands the thread something, and starts it if there is none.
   *
   * @throws IOException if the system has no descriptors left to wait with
   */
  public void hand(T item) throws IOException {
    Selector current;
    lock.lock();
    try {
      current = selector;
      if (current == null) {
        Selector fresh = opening.open();
        selector = fresh;
        current = fresh;
        Daemons.start(name, () -> work.accept(fresh));
      }
      handed.add(item);
    } finally {
      lock.unlock();
    }
    current.wakeup();
  }

  /** Has the thread let go of channels that were closed: until then they keep their descriptors. */
  public void release() {
    Selector current;
    lock.lock();
    try {
      current = selector;
    } finally {
      lock.unlock();
    }
    if (current != null) {
      released.set(true);
      current.wakeup();
    }
  }

  // ---- for the thread

  /**
   * Whether a channel was closed since it was asked. The wake-up may have ended a selection that
   * had let go of what was closed just before: the next one must not wait, or it would do so for
   * nothing.
   */
  public boolean released() {
    return released.getAndSet(false);
  }

  /**
   * Takes what was handed over.
   *
   * @param idle whether the thread has nothing else to do
   * @return the caller's for good; null for nothing: the thread has to end, and the next that is
   *     handed over gets another
   */
  public @Nullable List<T> take(Selector current, boolean idle) {
    lock.lock();
    try {
      if (idle && handed.isEmpty()) {
        if (selector == current) {
          selector = null;
        }
        return null;
      }
      return takeAll();
    } finally {
      lock.unlock();
    }
  }

  /**
   * The selector has failed, and the thread ends.
   *
   * @return what was handed over in vain
   */
  public List<T> fail(Selector current) {
    lock.lock();
    try {
      if (selector != current) {
        return List.of();
      }
      selector = null;
      return takeAll();
    } finally {
      lock.unlock();
    }
  }

  private List<T> takeAll() {
    List<T> all = new ArrayList<>(handed);
    handed.clear();
    return all;
  }
}
