// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.core;

import io.penstock.impl.engine.Engine;
import io.penstock.impl.engine.Waiter;
import io.penstock.impl.engine.Watched;
import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Tells those that wait of each change: the one thread that sleeps with the turn, any number of
 * waiters, and the callers that wait for their turn.
 *
 * <p>No waiter misses a wake-up: a waiter is added first and only then looks at the level that it
 * waits for; a driver changes its level first and then calls {@link #wake()}.
 */
public abstract class Wakeable implements Watched {
  private static final Waiter[] NOBODY = {};
  private static final VarHandle WAITERS;
  private static final VarHandle SLEEPER;

  static {
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      WAITERS = lookup.findVarHandle(Wakeable.class, "waiters", Object.class);
      SLEEPER = lookup.findVarHandle(Wakeable.class, "sleeper", Thread.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  final Engine engine;

  private final String name;
  // One Waiter, or a Waiter[] that is copied on write: waking must not hold a lock, there are
  // seldom more than two, and an idle end has one at most.
  private volatile Object waiters = NOBODY;
  private volatile boolean met;
  private volatile @Nullable Thread sleeper;
  private volatile @Nullable LastFault fault;

  Wakeable(String name, Engine engine) {
    this.name = name;
    this.engine = engine;
  }

  /** The label for errors and logs. */
  @Override
  public String name() {
    return name;
  }

  /** What it works with. */
  public Engine engine() {
    return engine;
  }

  // ---- waiters

  /** The waiters; not to be changed. */
  final Waiter[] waiters() {
    return all(waiters);
  }

  private static Waiter[] all(Object waiters) {
    return many(waiters) ? (Waiter[]) waiters : new Waiter[] {(Waiter) waiters};
  }

  /**
   * Whether there is an array of them. Asked of the class itself: to learn that an object is no
   * instance of an interface, or of an array of it, Java searches as long as 64 bytes take to move.
   */
  private static boolean many(Object waiters) {
    return waiters.getClass() == Waiter[].class;
  }

  /**
   * Adds a waiter that is woken at each change. Afterwards look at the state, then {@link
   * DrivenEnd#arm}.
   */
  public void addWaiter(Waiter waiter) {
    Object old;
    Object now;
    do {
      old = waiters;
      if (old == NOBODY) {
        now = waiter;
      } else {
        Waiter[] before = all(old);
        Waiter[] more = Arrays.copyOf(before, before.length + 1);
        more[before.length] = waiter;
        now = more;
      }
    } while (!WAITERS.compareAndSet(this, old, now));
    // As in announce.
    VarHandle.fullFence();
  }

  /** Removes a waiter; it may be woken once more by a change that is under way. */
  public void removeWaiter(Waiter waiter) {
    Object old;
    Object now;
    do {
      old = waiters;
      now = without(all(old), waiter);
      if (now == null) {
        return;
      }
    } while (!WAITERS.compareAndSet(this, old, now));
  }

  /** What is left without a waiter; null if it is not there. */
  private static @Nullable Object without(Waiter[] old, Waiter waiter) {
    int at = 0;
    while (at < old.length && old[at] != waiter) {
      at++;
    }
    if (at == old.length) {
      return null;
    }
    if (old.length <= 2) {
      return old.length == 1 ? NOBODY : old[1 - at];
    }
    Waiter[] rest = Arrays.copyOf(old, old.length - 1);
    System.arraycopy(old, at + 1, rest, at, old.length - at - 1);
    return rest;
  }

  /** Tells every waiter that something has changed. */
  public void wake() {
    wakeReady();
    wakeInLine();
  }

  /**
   * Tells that a try may be worth it: every waiter but those that wait for their turn, which a try
   * does not bring nearer.
   */
  public final void wakeReady() {
    Thread sleeping = sleeper;
    if (sleeping != null) {
      rouse(sleeping);
    }
    Object present = waiters;
    if (present == NOBODY) {
      return;
    }
    if (!many(present)) {
      ((Waiter) present).wake();
      return;
    }
    for (Waiter waiter : (Waiter[]) present) {
      waiter.wake();
    }
  }

  /** Wakes those that wait for their turn. */
  abstract void wakeInLine();

  /** Wakes the thread that has the turn, once for each time that it sleeps. */
  abstract void rouse(Thread sleeping);

  /**
   * Publishes the thread that sleeps. It stores the thread before it looks at the state, and a
   * change of the state comes before the look at the sleeping thread. So one of the two sees the
   * other.
   */
  final void announce(Thread self) {
    SLEEPER.setVolatile(this, self);
    // The looks that follow are acquiring loads, which a volatile store alone does not hold back.
    VarHandle.fullFence();
  }

  /** Whether the thread that has the turn is parked, or about to be. */
  final boolean asleep() {
    return sleeper != null;
  }

  /** The thread that sleeps; null for none. */
  final @Nullable Thread sleeper() {
    return sleeper;
  }

  /** The thread that slept is awake. */
  final void awake() {
    sleeper = null;
  }

  /** Takes the announcement back in place of the thread; false if another thread has done so. */
  final boolean unannounce(Thread sleeping) {
    return SLEEPER.compareAndSet(this, sleeping, (Thread) null);
  }

  /** Tells watchers that a try has just found the level clear, so that the next change is one. */
  void cleared(Level level) {
    Object present = waiters;
    if (present == NOBODY) {
      return;
    }
    if (present instanceof Level.Cleared watcher) {
      watcher.cleared(level);
    } else if (many(present)) {
      for (Waiter waiter : (Waiter[]) present) {
        if (waiter instanceof Level.Cleared watcher) {
          watcher.cleared(level);
        }
      }
    }
  }

  /** Tells those that watch for the end of what is there that a caller has left. */
  final void tellLeft() {
    Object present = waiters;
    if (present == NOBODY) {
      return;
    }
    if (present instanceof EndWatch watching) {
      watching.left();
    } else if (many(present)) {
      for (Waiter waiter : (Waiter[]) present) {
        if (waiter instanceof EndWatch watching) {
          watching.left();
        }
      }
    }
  }

  /** Whether a signal of this end is watched, so that a falling level must be noticed. */
  boolean watched() {
    Object present = waiters;
    if (present == NOBODY) {
      return false;
    }
    if (many(present)) {
      for (Waiter waiter : (Waiter[]) present) {
        if (waiter instanceof Level.Cleared) {
          return true;
        }
      }
    }
    return present instanceof Level.Cleared;
  }

  /**
   * Runs a task once when a call here has met the end of the stream or a failure of the transport,
   * on the thread that met it: it must be quick.
   *
   * @param task is given the failure; null for the end, or where the failure came before
   */
  public void whenMet(Consumer<@Nullable IOException> task) {
    Met waiter = new Met(this, task);
    addWaiter(waiter);
    waiter.wake();
  }

  /** Waits for what a call meets, and keeps the failure, for which an end has no field. */
  private static final class Met implements Waiter {
    private final Wakeable end;
    private final Consumer<@Nullable IOException> task;
    private final AtomicBoolean told = new AtomicBoolean();
    private volatile @Nullable IOException why;

    Met(Wakeable end, Consumer<@Nullable IOException> task) {
      this.end = end;
      this.task = task;
    }

    @Override
    public void wake() {
      if (end.met && told.compareAndSet(false, true)) {
        end.removeWaiter(this);
        task.accept(why);
      }
    }
  }

  /** A call has met the end of the stream. */
  void met() {
    if (!met) {
      met = true;
      wake();
    }
  }

  /** What failed here last; null for nothing. */
  public @Nullable LastFault fault() {
    return fault;
  }

  /** How many operations have moved bytes, where they are counted. */
  long operations() {
    return 0;
  }

  /** Notes a failure. Of two at once one may not be counted. */
  final void note(Throwable why) {
    fault = LastFault.after(fault, why, operations());
  }

  /** A call has met a failure of the transport. */
  void met(IOException why) {
    LastFault last = fault;
    if (last == null || !last.isMetAgain(why, operations())) {
      note(why);
    }
    for (Waiter waiter : waiters()) {
      if (waiter instanceof Met each && each.why == null) {
        each.why = why;
      }
    }
    met();
  }

  final boolean isMet() {
    return met;
  }
}
