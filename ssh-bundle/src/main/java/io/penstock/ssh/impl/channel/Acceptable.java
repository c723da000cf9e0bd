// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.channel;

import io.penstock.spi.ChannelDriver;
import io.penstock.spi.ProviderContext;

/** A channel that the peer has opened and that waits for somebody to accept it. */
public interface Acceptable extends ChannelDriver {
  /**
   * Somebody has accepted it.
   *
   * @param channel what the product lends to it from now on
   */
  void accepted(ProviderContext channel);
}
