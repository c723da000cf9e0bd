// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.channel;

import io.penstock.spi.ProviderContext;
import java.time.Duration;

/** A channel that the peer has opened and that waits for somebody to accept it. */
public abstract class Acceptable extends LinkDriver {
  /**
   * A channel that is not open yet.
   *
   * @param link the channel on the wire
   * @param listening what the product lends until somebody has accepted it
   * @param closeLimit how long the peer may take to close it
   */
  protected Acceptable(Link link, ProviderContext listening, Duration closeLimit) {
    super(link, listening, closeLimit);
  }

  /**
   * Somebody has accepted it.
   *
   * @param channel what the product lends to it from now on
   */
  public final void accepted(ProviderContext channel) {
    lent(channel);
  }
}
