// SPDX-License-Identifier: Apache-2.0
package io.penstock.simulation.machine;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.AbstractExecutorService;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;

/** In place of a ThreadPoolExecutor that has as many threads as there are tasks. */
public final class SimPool extends AbstractExecutorService {
  private final ThreadFactory factory;
  private final long keep;
  private final ArrayDeque<Runnable> tasks = new ArrayDeque<>();
  private final ArrayList<SimThread> idle = new ArrayList<>();
  private final List<SimThread> waiting = new ArrayList<>();
  private int alive;
  private boolean stopped;

  /** As the JDK's. */
  public SimPool(
      int core,
      int most,
      long keep,
      TimeUnit unit,
      BlockingQueue<Runnable> unused,
      ThreadFactory factory) {
    this.factory = factory;
    this.keep = unit.toNanos(keep);
  }

  @Override
  public void execute(Runnable task) {
    Sim.point();
    if (stopped) {
      throw new RejectedExecutionException("the pool has stopped");
    }
    tasks.add(task);
    if (idle.size() >= tasks.size()) {
      Sim.active.wake(idle.get(Sim.active.dice().below(idle.size())));
    } else {
      Machine.start(factory.newThread(this::work));
      alive++;
    }
  }

  private void work() {
    Sim sim = Sim.active;
    SimThread me = sim.current();
    try {
      while (true) {
        Runnable task = tasks.poll();
        if (task != null) {
          sim.step();
          task.run();
          continue;
        }
        if (stopped) {
          return;
        }
        idle.add(me);
        me.onOther = true;
        boolean woken = sim.block(sim.now() + keep, "a task", false);
        me.onOther = false;
        idle.remove(me);
        if (!woken && tasks.isEmpty()) {
          return;
        }
      }
    } finally {
      alive--;
      if (alive == 0) {
        waiting.forEach(sim::wake);
      }
    }
  }

  @Override
  public void shutdown() {
    stopped = true;
    if (Sim.active != null) {
      List.copyOf(idle).forEach(Sim.active::wake);
    }
  }

  @Override
  public List<Runnable> shutdownNow() {
    shutdown();
    List<Runnable> left = new ArrayList<>(tasks);
    tasks.clear();
    return left;
  }

  @Override
  public boolean isShutdown() {
    return stopped;
  }

  @Override
  public boolean isTerminated() {
    return stopped && alive == 0;
  }

  /** As the JDK's. */
  public int getActiveCount() {
    return alive - idle.size();
  }

  /** As the JDK's. */
  public int getPoolSize() {
    return alive;
  }

  @Override
  public boolean awaitTermination(long time, TimeUnit unit) {
    Sim sim = Sim.active;
    SimThread me = sim.current();
    long until = sim.now() + unit.toNanos(time);
    while (alive > 0 && sim.now() < until) {
      waiting.add(me);
      me.onOther = true;
      boolean unused = sim.block(until, "the end of a pool", false);
      me.onOther = false;
      waiting.remove(me);
    }
    return alive == 0;
  }
}
