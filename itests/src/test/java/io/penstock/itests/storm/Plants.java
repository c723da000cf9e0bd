// SPDX-License-Identifier: Apache-2.0
package io.penstock.itests.storm;

import io.penstock.channel.ChannelFactory;
import io.penstock.itests.storm.Step.Action;
import io.penstock.itests.storm.Storm.Plant;
import io.penstock.itests.support.Services;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.locks.ReentrantLock;
import org.osgi.framework.BundleContext;

/** Faults that are planted beside a step. */
final class Plants {
  private final Plant plant;
  private final BundleContext context;
  private final List<Object> held = new ArrayList<>();
  private final List<Thread> threads = new ArrayList<>();

  Plants(Plant plant, BundleContext context) {
    this.plant = plant;
    this.context = context;
  }

  /** Plants, if the step is one to plant at. */
  void before(Step step, World world) throws IOException {
    if (plant == Plant.LEAK && step.target().equals("impl")) {
      held.add(Services.any(context, ChannelFactory.class, ""));
    } else if (plant == Plant.DROP && step.action() == Action.TUNE) {
      for (Lane each : world.lanes()) {
        if (each.name().equals("tcp")) {
          each.plantCut();
        }
      }
    } else if (plant == Plant.DEADLOCK && step.action() == Action.SPOIL && threads.isEmpty()) {
      deadlock();
    }
  }

  private void deadlock() {
    ReentrantLock one = new ReentrantLock();
    ReentrantLock other = new ReentrantLock();
    CyclicBarrier both = new CyclicBarrier(2);
    threads.add(holder(one, other, both));
    threads.add(holder(other, one, both));
    threads.forEach(Thread::start);
  }

  private static Thread holder(ReentrantLock mine, ReentrantLock next, CyclicBarrier both) {
    Thread thread =
        new Thread(
            () -> {
              mine.lock();
              try {
                both.await();
                next.lockInterruptibly();
                next.unlock();
              } catch (Exception removed) {
                Thread.currentThread().interrupt();
              } finally {
                mine.unlock();
              }
            },
            "storm-plant");
    thread.setDaemon(true);
    return thread;
  }

  /** Takes away what was planted. */
  void remove() {
    held.clear();
    threads.forEach(Thread::interrupt);
  }
}
