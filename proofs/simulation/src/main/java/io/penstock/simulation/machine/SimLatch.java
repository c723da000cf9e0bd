// SPDX-License-Identifier: Apache-2.0
package io.penstock.simulation.machine;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** In place of a CountDownLatch. */
public final class SimLatch {
  private final List<SimThread> waiting = new ArrayList<>(1);
  private long count;

  /** As the JDK's. */
  public SimLatch(int count) {
    this.count = count;
  }

  /** As the JDK's. */
  public void countDown() {
    Sim.point();
    if (count > 0 && --count == 0 && Sim.active != null) {
      waiting.forEach(Sim.active::wake);
      waiting.clear();
    }
  }

  /** As the JDK's. */
  public long getCount() {
    return count;
  }

  /** As the JDK's. */
  public void await() throws InterruptedException {
    boolean unused = await(Long.MAX_VALUE, TimeUnit.NANOSECONDS);
  }

  /** As the JDK's. */
  public boolean await(long time, TimeUnit unit) throws InterruptedException {
    Sim sim = Sim.active;
    sim.step();
    long nanos = unit.toNanos(time);
    long until = nanos == Long.MAX_VALUE ? nanos : sim.now() + nanos;
    SimThread me = sim.current();
    while (count > 0 && sim.now() < until) {
      if (Machine.interrupted()) {
        throw new InterruptedException();
      }
      waiting.add(me);
      me.onOther = true;
      boolean unused = sim.block(until, "a latch", false);
      me.onOther = false;
      waiting.remove(me);
    }
    return count == 0;
  }
}
