// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.component;

import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The one object of a name that is alive now, and what withdraws its services. Nothing is
 * registered, withdrawn or closed under the lock: a registration that comes too late is undone at
 * once.
 */
final class Slot<T> {
  private final ReentrantLock lock = new ReentrantLock();
  private @Nullable T object;
  private @Nullable Runnable withdraw;
  private boolean closed;

  /** What is here. */
  @Nullable T get() {
    lock.lock();
    try {
      return object;
    } finally {
      lock.unlock();
    }
  }

  /** Puts an object in an empty slot. Returns false when the slot is closed. */
  boolean put(T fresh) {
    lock.lock();
    try {
      if (closed) {
        return false;
      }
      object = fresh;
      withdraw = null;
      return true;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Registers the services of the object, unless it has gone.
   *
   * @param register registers and returns what undoes it
   * @return false when the object has gone, also meanwhile
   */
  boolean publish(T of, Supplier<Runnable> register) {
    if (get() != of) {
      return false;
    }
    Runnable undo = register.get();
    lock.lock();
    try {
      if (object == of) {
        withdraw = undo;
        return true;
      }
    } finally {
      lock.unlock();
    }
    undo.run();
    return false;
  }

  /** Takes an object out and withdraws its services. Returns false when it is not here. */
  boolean take(T expected) {
    Runnable undo;
    lock.lock();
    try {
      if (object != expected) {
        return false;
      }
      undo = clear();
    } finally {
      lock.unlock();
    }
    run(undo);
    return true;
  }

  /** Takes out whatever is here, and lets nothing in any more if this is the last time. */
  private void empty(Consumer<T> discard, boolean last) {
    T gone;
    Runnable undo;
    lock.lock();
    try {
      closed |= last;
      gone = object;
      undo = clear();
    } finally {
      lock.unlock();
    }
    try {
      if (gone != null) {
        discard.accept(gone);
      }
    } finally {
      run(undo);
    }
  }

  /**
   * Takes out whatever is here, discards it, and then withdraws its services: a consumer that sees
   * that they have gone may rely on it that the address is free.
   */
  void take(Consumer<T> discard) {
    empty(discard, false);
  }

  /** The same, and nothing is let in any more. */
  void close(Consumer<T> discard) {
    empty(discard, true);
  }

  private @Nullable Runnable clear() {
    Runnable undo = withdraw;
    object = null;
    withdraw = null;
    return undo;
  }

  private static void run(@Nullable Runnable undo) {
    if (undo != null) {
      undo.run();
    }
  }
}
