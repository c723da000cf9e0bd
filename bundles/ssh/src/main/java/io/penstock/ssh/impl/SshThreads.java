// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl;

import io.penstock.spi.Messages;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.apache.sshd.common.util.threads.SshThreadPoolExecutor;
import org.apache.sshd.common.util.threads.SshdThreadFactory;

/**
 * Threads that are all started at the beginning, and that no fault of a task ends, so that it does
 * not matter if the system has no thread to give later. After the shutdown tasks are dropped.
 */
public final class SshThreads extends SshThreadPoolExecutor {
  private static final Logger LOG = Messages.log("ssh");
  private static final ThreadLocal<SshThreads> CURRENT = new ThreadLocal<>();

  /**
   * Starts them.
   *
   * @param name the beginning of their names
   * @param count how many
   */
  public SshThreads(String name, int count) {
    super(
        count,
        count,
        0,
        TimeUnit.MILLISECONDS,
        new LinkedBlockingQueue<>(),
        new SshdThreadFactory(name),
        new CallerRunsPolicy());
    try {
      int unused = prestartAllCoreThreads();
    } catch (RuntimeException | Error e) {
      shutdown();
      throw e;
    }
  }

  /** Whether the calling thread is one of these. */
  boolean isMine() {
    return CURRENT.get() == this;
  }

  @Override
  public void execute(Runnable task) {
    super.execute(() -> run(task));
  }

  private void run(Runnable task) {
    CURRENT.set(this);
    try {
      task.run();
    } catch (RuntimeException | Error e) {
      LOG.log(Level.ERROR, "SSH has met a fault, and goes on", e);
    }
  }
}
