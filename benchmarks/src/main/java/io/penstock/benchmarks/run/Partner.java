// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.run;

import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * The other thread of a benchmark. It lives as long as the trial, so that no iteration has to end
 * on both sides at once: between two it waits for its peer, as it would for a slow one.
 */
public final class Partner {
  /** System property of a fork: "true" makes the partner a virtual thread. */
  static final String VIRTUAL = "penstock.benchmarks.virtual";

  /** By then a byte was lost, or a wakeup. */
  private static final int LIMIT_SECONDS = 15;

  private final FutureTask<Long> task;

  private Partner(FutureTask<Long> task) {
    this.task = task;
  }

  /**
   * Starts it.
   *
   * @param work ends by itself, and gives what it has counted
   */
  public static Partner start(Callable<Long> work) throws ReflectiveOperationException {
    FutureTask<Long> task = new FutureTask<>(work);
    Thread unused = thread(task);
    return new Partner(task);
  }

  /** Starts a thread of the kind that this process measures. */
  static Thread thread(Runnable task) throws ReflectiveOperationException {
    if (Boolean.getBoolean(VIRTUAL)) {
      // From JDK 21 on.
      return (Thread)
          Thread.class.getMethod("startVirtualThread", Runnable.class).invoke(null, task);
    }
    Thread thread = new Thread(task, "partner");
    thread.setDaemon(true);
    thread.start();
    return thread;
  }

  /** Waits until it is done, and compares what it has counted. */
  public void join(long expected)
      throws ExecutionException, InterruptedException, TimeoutException {
    long counted = task.get(LIMIT_SECONDS, TimeUnit.SECONDS);
    if (counted != expected) {
      throw new IllegalStateException("the other thread got " + counted + ", expected " + expected);
    }
  }
}
