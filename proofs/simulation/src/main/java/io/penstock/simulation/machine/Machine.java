// SPDX-License-Identifier: Apache-2.0
package io.penstock.simulation.machine;

import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** What the rewritten classes call in place of the JDK. */
public final class Machine {
  private Machine() {}

  private static Sim sim() {
    return Sim.active;
  }

  /** For System.nanoTime. */
  public static long nanoTime() {
    return sim() == null ? 0 : sim().look();
  }

  /** For System.currentTimeMillis. */
  public static long currentTimeMillis() {
    return nanoTime() / 1_000_000;
  }

  /** For System.getLogger. */
  public static System.Logger getLogger(String name) {
    return new SimLogger(name);
  }

  /** For LockSupport.park. */
  public static void park(Object blocker) {
    sim().park(Long.MAX_VALUE, blocker);
  }

  /** For LockSupport.park. */
  public static void park() {
    sim().park(Long.MAX_VALUE, "a permit");
  }

  /** For LockSupport.parkNanos. */
  public static void parkNanos(Object blocker, long nanos) {
    long until = sim().now() + nanos;
    sim().park(until < 0 ? Long.MAX_VALUE : until, blocker);
  }

  /** For LockSupport.parkNanos. */
  public static void parkNanos(long nanos) {
    parkNanos("a permit", nanos);
  }

  /** For LockSupport.unpark. */
  public static void unpark(Thread thread) {
    if (sim() != null && thread instanceof SimThread simulated) {
      sim().unpark(simulated);
    }
  }

  /** For Thread.currentThread. */
  public static Thread currentThread() {
    return sim() == null ? Thread.currentThread() : sim().current();
  }

  /** For Thread.yield. */
  public static void yield() {
    if (sim() != null) {
      sim().yield();
    }
  }

  /** For Thread.onSpinWait. */
  public static void onSpinWait() {
    if (sim() != null) {
      sim().spin();
    }
  }

  /** For Thread.interrupted. */
  public static boolean interrupted() {
    SimThread me = sim().current();
    boolean was = me.interrupted;
    me.interrupted = false;
    return was;
  }

  /** For Thread.isInterrupted. */
  public static boolean isInterrupted(Thread thread) {
    return thread instanceof SimThread simulated && simulated.interrupted;
  }

  /** For Thread.interrupt. */
  public static void interrupt(Thread thread) {
    SimThread simulated = (SimThread) thread;
    simulated.interrupted = true;
    sim().step();
    sim().wake(simulated);
  }

  /** For Thread.isAlive. */
  public static boolean isAlive(Thread thread) {
    return thread instanceof SimThread simulated
        && simulated.state != SimThread.NEW
        && simulated.state != SimThread.DONE;
  }

  /** For Thread.start. */
  public static void start(Thread thread) {
    sim().spawn((SimThread) thread);
    sim().step();
  }

  /** For Thread.join. */
  public static void join(Thread thread) throws InterruptedException {
    join(thread, 0);
  }

  /** For Thread.join. */
  public static void join(Thread thread, long millis) throws InterruptedException {
    Sim sim = sim();
    SimThread other = (SimThread) thread;
    SimThread me = sim.current();
    long until = millis == 0 ? Long.MAX_VALUE : sim.now() + millis * 1_000_000;
    while (isAlive(other) && sim.now() < until) {
      if (interrupted()) {
        throw new InterruptedException();
      }
      other.joining.add(me);
      me.onOther = true;
      boolean unused = sim.block(until, "the end of " + other.getName(), false);
      me.onOther = false;
      other.joining.remove(me);
    }
  }

  /** For Thread.sleep, which only actors call. */
  public static void sleep(long millis) throws InterruptedException {
    sleepNanos(millis * 1_000_000);
  }

  /** Sleeps. */
  public static void sleepNanos(long nanos) {
    Sim sim = sim();
    long until = sim.now() + nanos;
    SimThread me = sim.current();
    while (sim.now() < until) {
      me.onOther = true;
      boolean unused = sim.block(until, "the time", false);
      me.onOther = false;
    }
  }

  /** For ConcurrentHashMap.newKeySet: the JDK's own, whose order nothing may depend on. */
  public static <T> java.util.concurrent.ConcurrentHashMap.KeySetView<T, Boolean> newKeySet() {
    return java.util.concurrent.ConcurrentHashMap.newKeySet();
  }

  /** Something would wait for real. */
  public static void foreign(String what) {
    if (sim() != null) {
      sim().fail("the simulation does not know " + what);
    }
  }

  // ---- futures

  private static boolean settle(CompletableFuture<?> future, long until)
      throws InterruptedException {
    Sim sim = sim();
    sim.step();
    SimThread me = sim.current();
    boolean asked = false;
    while (!future.isDone() && sim.now() < until) {
      if (interrupted()) {
        throw new InterruptedException();
      }
      if (!asked) {
        asked = true;
        Sim.await(future, me);
      }
      me.onOther = true;
      boolean unused = sim.block(until, "a stage", false);
      me.onOther = false;
    }
    return future.isDone();
  }

  /** For CompletableFuture.get. */
  public static Object get(CompletableFuture<?> future)
      throws InterruptedException, ExecutionException {
    boolean unused = settle(future, Long.MAX_VALUE);
    return future.get();
  }

  /** For CompletableFuture.get. */
  public static Object get(CompletableFuture<?> future, long time, TimeUnit unit)
      throws InterruptedException, ExecutionException, TimeoutException {
    long nanos = unit.toNanos(time);
    long until = sim().now() + nanos;
    if (!settle(future, until < 0 ? Long.MAX_VALUE : until)) {
      throw new TimeoutException();
    }
    return future.get();
  }

  /** For CompletableFuture.join. */
  public static Object join(CompletableFuture<?> future) {
    boolean interrupted = false;
    while (true) {
      try {
        boolean unused = settle(future, Long.MAX_VALUE);
        break;
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      interrupt(currentThread());
    }
    try {
      return future.join();
    } catch (CancellationException e) {
      throw e;
    }
  }
}
