// SPDX-License-Identifier: Apache-2.0
package io.penstock.jcstress;

import io.penstock.impl.engine.Parker;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;

/**
 * Parks by spinning, which is quicker than the system's way, so that more is tried; and not for
 * ever: who is not woken says so.
 */
final class SpinningParker implements Parker {
  private static final long FOR_EVER = TimeUnit.SECONDS.toNanos(8);

  private static final int PATIENCE = 500;

  private final Map<Thread, AtomicBoolean> permits = new ConcurrentHashMap<>();

  /** Nobody has woken a thread that waits. */
  static final class LostWakeUp extends Error {
    private static final long serialVersionUID = 1;

    LostWakeUp(Object blocker) {
      super("nobody wakes " + blocker);
    }
  }

  private AtomicBoolean permit(Thread thread) {
    AtomicBoolean permit = permits.get(thread);
    return permit != null ? permit : permits.computeIfAbsent(thread, t -> new AtomicBoolean());
  }

  @Override
  public void park(Object blocker) {
    AtomicBoolean permit = permit(Thread.currentThread());
    long start = System.nanoTime();
    for (int spins = 1; !permit.getAndSet(false); spins++) {
      if (System.nanoTime() - start > FOR_EVER) {
        throw new LostWakeUp(blocker);
      }
      if (spins % PATIENCE == 0) {
        // Whoever is to wake us may not have a processor.
        LockSupport.parkNanos(1000);
      } else {
        Thread.onSpinWait();
      }
    }
  }

  @Override
  public void parkNanos(Object blocker, long nanos) {
    AtomicBoolean permit = permit(Thread.currentThread());
    long start = System.nanoTime();
    while (!permit.getAndSet(false) && System.nanoTime() - start < nanos) {
      Thread.onSpinWait();
    }
  }

  @Override
  public void unpark(Thread thread) {
    permit(thread).set(true);
  }

  @Override
  public void giveWay() {
    Thread.onSpinWait();
  }

  @Override
  public long nanoTime() {
    return System.nanoTime();
  }
}
