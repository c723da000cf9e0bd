// SPDX-License-Identifier: Apache-2.0
package io.penstock.remote.impl.node;

import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Runs a task when something is due. All on the thread that runs it. */
final class Ticks {
  private final ScheduledExecutorService thread;
  private final Runnable task;
  private @Nullable Future<?> tick;
  private long tickAt = Long.MAX_VALUE;

  Ticks(ScheduledExecutorService thread, Runnable task) {
    this.thread = thread;
    this.task = task;
  }

  /**
   * The task is due then, and no more when it was before.
   *
   * @param next by the clock of {@link System#nanoTime()}; {@link Long#MAX_VALUE} for never
   */
  void plan(long next) {
    if (next == tickAt && tick != null && !tick.isDone()) {
      return;
    }
    if (tick != null) {
      tick.cancel(false);
      tick = null;
    }
    tickAt = next;
    if (next != Long.MAX_VALUE) {
      tick =
          thread.schedule(
              () -> {
                tickAt = Long.MAX_VALUE;
                task.run();
              },
              Math.max(0, next - System.nanoTime()),
              TimeUnit.NANOSECONDS);
    }
  }
}
