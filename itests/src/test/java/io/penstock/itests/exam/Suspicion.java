// SPDX-License-Identifier: Apache-2.0
package io.penstock.itests.exam;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadInfo;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Prints where all threads are if something takes far longer than it ever does, until it is closed.
 * Equinox gives up after 30 seconds when another thread holds its lock for resolving; what it
 * throws then does not say which one.
 */
final class Suspicion implements AutoCloseable {
  private final CountDownLatch over = new CountDownLatch(1);

  Suspicion(String what, Duration usual) {
    Thread thread = new Thread(() -> watch(what, usual), "suspicion");
    thread.setDaemon(true);
    thread.start();
  }

  private void watch(String what, Duration usual) {
    try {
      if (!over.await(usual.toMillis(), TimeUnit.MILLISECONDS)) {
        System.out.println(what + " takes longer than " + usual + "; the threads are now:");
        for (ThreadInfo one : ManagementFactory.getThreadMXBean().dumpAllThreads(true, true)) {
          System.out.println("\"" + one.getThreadName() + "\" " + one.getThreadState());
          System.out.println("  waits for " + one.getLockName() + " of " + one.getLockOwnerName());
          for (StackTraceElement frame : one.getStackTrace()) {
            System.out.println("    at " + frame);
          }
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() {
    over.countDown();
  }
}
