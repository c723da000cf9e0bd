// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.forward;

import io.penstock.spi.Messages;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;

/** Work that one thread does at a time, and again when it was asked for meanwhile. */
public final class SerialTask {
  private static final Logger LOG = Messages.log("ssh.forward");

  private final Executor executor;
  private final BooleanSupplier work;
  private final Runnable failed;
  private final AtomicInteger reasons = new AtomicInteger();

  /**
   * Nothing is done yet.
   *
   * @param work some of what there is to do; returns whether there is more of it
   * @param failed run when it can be done no more: the product stops, or the work has a fault
   */
  public SerialTask(Executor executor, BooleanSupplier work, Runnable failed) {
    this.executor = executor;
    this.work = work;
    this.failed = failed;
  }

  /** There may be something to do. Never waits. */
  public void wake() {
    if (reasons.getAndIncrement() == 0) {
      submit();
    }
  }

  private void submit() {
    try {
      executor.execute(this::run);
    } catch (RejectedExecutionException e) {
      LOG.log(Level.DEBUG, "nothing is forwarded any more: the product stops", e);
      failed.run();
    } catch (Error e) {
      fail(e);
    }
  }

  /** First what others wait for: for want of memory a logger may fail, too. */
  private void fail(Throwable fault) {
    failed.run();
    LOG.log(Level.ERROR, "forwarding has failed", fault);
  }

  private void run() {
    int seen = reasons.get();
    boolean more;
    try {
      more = work.getAsBoolean();
    } catch (RuntimeException | Error e) {
      fail(e);
      return;
    }
    if (more || reasons.addAndGet(-seen) != 0) {
      submit();
    }
  }
}
