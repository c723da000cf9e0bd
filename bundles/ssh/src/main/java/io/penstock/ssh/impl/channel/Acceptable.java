// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.channel;

import io.penstock.error.StreamClosedException;
import io.penstock.spi.AcceptQueue;
import io.penstock.spi.ProviderContext;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** A channel that the peer has opened and that waits to be accepted. */
public abstract class Acceptable extends LinkDriver {
  /**
   * A channel that is not open yet.
   *
   * @param link the channel on the wire
   * @param listening what the product lends until it is accepted
   * @param closeLimit how long the peer may take to close it
   */
  protected Acceptable(Link link, ProviderContext listening, Duration closeLimit) {
    super(link, listening, closeLimit);
  }

  /** Puts the channel into the place that was kept for it; aborts it after the queue was closed. */
  public final void waitIn(AcceptQueue<Acceptable> queue) {
    if (!queue.fill(this)) {
      abort(new StreamClosedException(context().name()));
    }
  }

  /**
   * Hands out the channel that has waited longest.
   *
   * @param channel what the product lends to it from now on
   * @return null if none waits
   */
  public static @Nullable Acceptable next(AcceptQueue<Acceptable> queue, ProviderContext channel) {
    Acceptable driver = queue.poll();
    if (driver != null) {
      driver.lent(channel);
    }
    return driver;
  }
}
