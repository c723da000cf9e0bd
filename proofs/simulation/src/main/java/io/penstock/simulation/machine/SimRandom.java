// SPDX-License-Identifier: Apache-2.0
package io.penstock.simulation.machine;

/** In place of ThreadLocalRandom. */
public final class SimRandom {
  private static final SimRandom ONLY = new SimRandom();

  private SimRandom() {}

  /** As the JDK's. */
  public static SimRandom current() {
    return ONLY;
  }

  /** As the JDK's. */
  public double nextDouble() {
    return Sim.active.dice().unit();
  }

  /** As the JDK's. */
  public int nextInt(int bound) {
    return Sim.active.dice().below(bound);
  }

  /** As the JDK's. */
  public int nextInt(int from, int to) {
    return from + Sim.active.dice().below(to - from);
  }

  /** As the JDK's. */
  public int nextInt() {
    return (int) Sim.active.dice().next();
  }

  /** As the JDK's. */
  public long nextLong() {
    return Sim.active.dice().next();
  }

  /** As the JDK's. */
  public long nextLong(long bound) {
    return Long.remainderUnsigned(Sim.active.dice().next(), bound);
  }
}
