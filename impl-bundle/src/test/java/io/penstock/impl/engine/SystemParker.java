// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.engine;

/** The real thing, for tests that change or watch a part of it. */
public class SystemParker implements Parker {
  @Override
  public void park(Object blocker) {
    SYSTEM.park(blocker);
  }

  @Override
  public void parkNanos(Object blocker, long nanos) {
    SYSTEM.parkNanos(blocker, nanos);
  }

  @Override
  public void unpark(Thread thread) {
    SYSTEM.unpark(thread);
  }

  @Override
  public void giveWay() {
    SYSTEM.giveWay();
  }

  @Override
  public long nanoTime() {
    return SYSTEM.nanoTime();
  }
}
