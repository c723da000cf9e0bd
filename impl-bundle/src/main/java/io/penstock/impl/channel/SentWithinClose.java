// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.channel;

import io.penstock.impl.engine.Engine;
import io.penstock.impl.posix.PosixAccess;
import io.penstock.impl.posix.SentQueue;
import io.penstock.spi.Messages;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.concurrent.Future;

/** Waits for what the system has not sent yet, but for no longer than a close would. */
final class SentWithinClose implements SentQueue {
  private static final System.Logger LOG = Messages.log("channel");

  private final DrivenChannel channel;
  private final SentQueue queue;
  private final Engine engine;

  SentWithinClose(DrivenChannel channel, SentQueue queue, Engine engine) {
    this.channel = channel;
    this.queue = queue;
    this.engine = engine;
  }

  @Override
  public void whenEmpty(PosixAccess posix, Runnable task) {
    Duration most = channel.closeTimeout();
    Future<?> limit = engine.schedule(most, () -> tooLate(most, task));
    queue.whenEmpty(
        posix,
        () -> {
          if (limit.cancel(false) || limit.isCancelled()) {
            engine.execute(task);
          }
        });
  }

  private void tooLate(Duration most, Runnable task) {
    try {
      if (channel.isOpen() && !most.isZero()) {
        LOG.log(
            Level.WARNING,
            "{0}: output may be lost, because the peer did not take it within {1} ms",
            channel.name(),
            most.toMillis());
      }
    } finally {
      task.run();
    }
  }
}
