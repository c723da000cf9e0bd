// SPDX-License-Identifier: Apache-2.0
package io.penstock.simulation.machine;

import java.util.ArrayList;
import java.util.List;

/** A thread of a simulated run. It is never started as a thread of the JVM. */
public final class SimThread extends Thread {
  static final int NEW = 0;
  static final int RUNNABLE = 1;
  static final int BLOCKED = 2;
  static final int DONE = 3;

  int state;
  int number;
  Carrier carrier;
  boolean permit;
  boolean interrupted;
  boolean timedOut;

  /** Whether it waits for something that an unpark does not end, such as a lock. */
  boolean onOther;

  /** Changes with each wait, so that an old timer wakes nobody. */
  long wait;

  Object on;
  Throwable where;
  int held;
  final List<SimLock> locks = new ArrayList<>();
  final List<SimThread> joining = new ArrayList<>();

  /** As the JDK's. */
  public SimThread(Runnable task, String name) {
    super(null, task, name, 0, false);
  }

  /** As the JDK's. */
  public SimThread(Runnable task) {
    this(task, "thread");
  }
}
