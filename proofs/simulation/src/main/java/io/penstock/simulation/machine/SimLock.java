// SPDX-License-Identifier: Apache-2.0
package io.penstock.simulation.machine;

import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.Lock;

/** In place of a ReentrantLock. */
public class SimLock implements Lock {
  private final List<SimThread> waiting = new ArrayList<>(0);
  private SimThread owner;
  private int holds;

  /** As the JDK's. */
  public SimLock() {}

  /** As the JDK's; whom it serves next is for the seed. */
  public SimLock(boolean fair) {}

  @Override
  public void lock() {
    Sim sim = Sim.active;
    if (sim == null) {
      return;
    }
    SimThread me = sim.current();
    if (owner != me) {
      sim.step();
    }
    take(sim, me);
  }

  private void take(Sim sim, SimThread me) {
    while (owner != null && owner != me) {
      waiting.add(me);
      me.onOther = true;
      boolean unused = sim.block(Long.MAX_VALUE, this, true);
      me.onOther = false;
    }
    owner = me;
    if (holds++ == 0) {
      me.held++;
      me.locks.add(this);
    }
  }

  @Override
  public void lockInterruptibly() throws InterruptedException {
    lock();
  }

  @Override
  public boolean tryLock() {
    Sim sim = Sim.active;
    if (sim == null) {
      return true;
    }
    sim.step();
    if (owner != null && owner != sim.current()) {
      return false;
    }
    take(sim, sim.current());
    return true;
  }

  @Override
  public boolean tryLock(long time, TimeUnit unit) {
    throw new UnsupportedOperationException("tryLock with a limit is not simulated");
  }

  @Override
  public void unlock() {
    Sim sim = Sim.active;
    if (sim == null) {
      return;
    }
    if (owner != sim.current()) {
      throw new IllegalMonitorStateException("unlock by a thread that does not hold the lock");
    }
    if (--holds == 0) {
      free(sim);
      sim.step();
    }
  }

  private void free(Sim sim) {
    owner.held--;
    owner.locks.remove(this);
    owner = null;
    if (!waiting.isEmpty()) {
      sim.wake(waiting.remove(sim.dice().below(waiting.size())));
    }
  }

  /** As the JDK's. */
  public boolean isHeldByCurrentThread() {
    return Sim.active != null && owner == Sim.active.current();
  }

  /** As the JDK's. */
  public boolean isLocked() {
    return owner != null;
  }

  /** As the JDK's. */
  public boolean hasQueuedThreads() {
    return !waiting.isEmpty();
  }

  @Override
  public Condition newCondition() {
    return new Waiting();
  }

  @Override
  public String toString() {
    return "a lock" + (owner == null ? "" : " that " + owner.getName() + " holds");
  }

  private final class Waiting implements Condition {
    private final List<SimThread> sleeping = new ArrayList<>(0);

    private boolean sleep(long until) {
      Sim sim = Sim.active;
      SimThread me = sim.current();
      if (owner != me) {
        throw new IllegalMonitorStateException("await by a thread that does not hold the lock");
      }
      int before = holds;
      holds = 0;
      free(sim);
      sleeping.add(me);
      me.onOther = true;
      boolean woken = sim.block(until, "a condition", false);
      me.onOther = false;
      sleeping.remove(me);
      take(sim, me);
      holds = before;
      return woken;
    }

    @Override
    public void await() throws InterruptedException {
      check();
      boolean unused = sleep(Long.MAX_VALUE);
      check();
    }

    private void check() throws InterruptedException {
      if (Machine.interrupted()) {
        throw new InterruptedException();
      }
    }

    @Override
    public void awaitUninterruptibly() {
      boolean unused = sleep(Long.MAX_VALUE);
    }

    @Override
    public long awaitNanos(long nanos) throws InterruptedException {
      check();
      long until = Sim.active.now() + nanos;
      if (nanos > 0) {
        boolean unused = sleep(until);
      }
      check();
      return until - Sim.active.now();
    }

    @Override
    public boolean await(long time, TimeUnit unit) throws InterruptedException {
      return awaitNanos(unit.toNanos(time)) > 0;
    }

    @Override
    public boolean awaitUntil(Date deadline) {
      throw new UnsupportedOperationException("awaitUntil is not simulated");
    }

    @Override
    public void signal() {
      if (!sleeping.isEmpty()) {
        Sim.active.wake(sleeping.remove(Sim.active.dice().below(sleeping.size())));
      }
    }

    @Override
    public void signalAll() {
      Sim sim = Sim.active;
      if (sim != null) {
        sleeping.forEach(sim::wake);
        sleeping.clear();
      }
    }
  }
}
