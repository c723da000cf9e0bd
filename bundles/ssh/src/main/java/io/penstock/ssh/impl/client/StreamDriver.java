// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.client;

import io.penstock.channel.ChannelOptions;
import io.penstock.spi.ProviderContext;
import io.penstock.ssh.impl.channel.Link;
import io.penstock.ssh.impl.channel.LinkDriver;

/** A channel of ours that is two streams of bytes and no more. */
class StreamDriver extends LinkDriver {
  final ClientConnection connection;

  StreamDriver(
      Link link, ClientConnection connection, ProviderContext context, ChannelOptions options) {
    super(link, context, options.closeTimeout());
    this.connection = connection;
  }

  @Override
  protected final void left() {
    connection.leave(context());
  }

  /** It was not opened, or is not wanted. */
  void giveUp() {
    cut();
    if (!link.isInitialized() || link.getRecipient() < 0) {
      leave();
    }
  }
}
