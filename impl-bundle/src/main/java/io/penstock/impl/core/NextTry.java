// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.core;

import io.penstock.impl.engine.Waiter;
import io.penstock.impl.engine.Wish;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Runs a task once each time it is asked to, as soon as a try of an end is worth it. A user that
 * asks over and over keeps one, and makes no garbage; it asks again only after the task has begun.
 */
public final class NextTry implements Waiter {
  private static final VarHandle ASKED;

  static {
    try {
      ASKED = MethodHandles.lookup().findVarHandle(NextTry.class, "asked", boolean.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final DrivenEnd end;
  private final BooleanSupplier ready;
  private final Runnable task;

  /** Made at the first need. Only the caller that has armed the end uses it. */
  private @Nullable Wish wish;

  @SuppressWarnings("unused")
  private volatile boolean asked;

  NextTry(DrivenEnd end, BooleanSupplier ready, Runnable task) {
    this.end = end;
    this.ready = ready;
    this.task = task;
  }

  /** Runs the task once, on the thread that finds out: perhaps on this one, before it returns. */
  public void ask() {
    end.addWaiter(this);
    // After the waiter was added: a late wake-up of the time before may see this, and removes it.
    ASKED.setVolatile(this, true);
    // As in Wakeable.announce.
    VarHandle.fullFence();
    try {
      wake();
    } catch (RuntimeException | Error e) {
      if (ASKED.compareAndSet(this, true, false)) {
        end.removeWaiter(this);
      }
      throw e;
    }
  }

  /** What the end is armed with: the same each time. */
  Wish wish() {
    Wish mine = wish;
    if (mine == null) {
      mine = new Wish(end::fired);
      wish = mine;
    }
    return mine;
  }

  @Override
  public void wake() {
    if (!asked) {
      return;
    }
    if (!ready.getAsBoolean()) {
      end.armForTry(this);
    } else if (ASKED.compareAndSet(this, true, false)) {
      end.removeWaiter(this);
      task.run();
    }
  }
}
