// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.engine;

import java.util.concurrent.locks.LockSupport;

/** How a thread waits and what time it is: injectable, so that a model checker can drive both. */
public interface Parker {
  /** The real thing. */
  Parker SYSTEM =
      new Parker() {
        @Override
        public void park(Object blocker) {
          LockSupport.park(blocker);
        }

        @Override
        public void parkNanos(Object blocker, long nanos) {
          LockSupport.parkNanos(blocker, nanos);
        }

        @Override
        public void unpark(Thread thread) {
          LockSupport.unpark(thread);
        }

        // Nothing depends on what the scheduler makes of it.
        @Override
        @SuppressWarnings("ThreadPriorityCheck")
        public void giveWay() {
          Thread.yield();
        }

        @Override
        public long nanoTime() {
          return System.nanoTime();
        }
      };

  /** Waits until unparked or interrupted; may return for no reason. */
  void park(Object blocker);

  /**
   * Waits until unparked, interrupted, or so many nanoseconds have passed; may return for no
   * reason.
   */
  void parkNanos(Object blocker, long nanos);

  /** Wakes a thread, or makes its next park return at once. */
  void unpark(Thread thread);

  /** Lets another thread have the core, if one wants it; not a wait. */
  void giveWay();

  /** The clock. */
  long nanoTime();
}
