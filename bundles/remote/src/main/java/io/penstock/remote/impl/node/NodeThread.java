// SPDX-License-Identifier: Apache-2.0
package io.penstock.remote.impl.node;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The one thread that makes the decisions of a node, step by step, and keeps its time. */
final class NodeThread {
  private final NodeLog log;
  private final Runnable afterEach;
  private final ScheduledThreadPoolExecutor executor;
  private volatile @Nullable Thread worker;
  // Only on the thread.
  private boolean stopped;

  /**
   * Begins with the first step.
   *
   * @param afterEach run after each step
   */
  NodeThread(NodeLog log, Runnable afterEach) {
    this.log = log;
    this.afterEach = afterEach;
    this.executor =
        new ScheduledThreadPoolExecutor(
            1,
            work -> {
              Thread made = new Thread(work, "penstock-remote");
              made.setDaemon(true);
              worker = made;
              return made;
            });
    executor.setRemoveOnCancelPolicy(true);
    executor.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
  }

  ScheduledExecutorService clock() {
    return executor;
  }

  boolean isCurrent() {
    return Thread.currentThread() == worker;
  }

  /** Runs a step behind the others; false once the thread has ended. */
  boolean post(Runnable step) {
    try {
      executor.execute(() -> run(step));
      return true;
    } catch (RejectedExecutionException e) {
      // Closed: what a registry still has to tell is of no use.
      return false;
    }
  }

  /** Runs a step after a while, if the thread is still there. */
  void after(long nanos, Runnable step) {
    Future<?> unused = executor.schedule(() -> run(step), nanos, TimeUnit.NANOSECONDS);
  }

  /** Runs a step on this thread, which is the node's. */
  void run(Runnable step) {
    if (stopped) {
      return;
    }
    try {
      step.run();
    } catch (RuntimeException | Error e) {
      log.stepFailed(e);
    }
    if (!stopped) {
      afterEach.run();
    }
  }

  /**
   * Waits until something has happened; false if it takes too long.
   *
   * @param step is given what to call then
   */
  boolean happens(Consumer<Runnable> step, Duration limit) {
    CountDownLatch done = new CountDownLatch(1);
    boolean posted = post(() -> step.accept(done::countDown));
    try {
      return !posted || done.await(limit.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  /** Said by the last step. */
  void stopped() {
    stopped = true;
  }

  /** Ends the thread behind the steps that are there. */
  void end() {
    executor.shutdown();
  }

  /** Ends a thread that has nothing to do. */
  void endNow() {
    executor.shutdownNow();
  }
}
