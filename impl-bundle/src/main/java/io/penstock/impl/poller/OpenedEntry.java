// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.poller;

import io.penstock.channel.Channel;
import io.penstock.impl.core.SourceEnd;
import io.penstock.poller.ChannelHandler;
import io.penstock.stream.Framing;
import java.io.IOException;

/**
 * The source of a channel that was not accepted here: its handler is told of it before its bytes.
 */
final class OpenedEntry extends SourceEntry {
  private final Channel channel;
  private boolean told;

  OpenedEntry(SelectorPoller poller, SourceEnd source, Channel channel, Framing framing) {
    super(poller, source, framing);
    this.channel = channel;
  }

  @Override
  void look(ChannelHandler handler, int budget, boolean found) throws IOException {
    if (!told) {
      told = true;
      calling();
      handler.opened(this, channel, this);
      called();
    }
    super.look(handler, budget, found);
  }
}
