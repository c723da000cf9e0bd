// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.relay;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.channel.ProgramRequest;
import io.penstock.impl.channel.Channels;
import io.penstock.impl.core.ListenerEnd;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** One side of a relay: where its channels come from. */
interface RelaySide {
  Endpoint endpoint();

  /** The listener, for a side that listens. */
  @Nullable ListenerEnd listener();

  /**
   * Opens a channel that may still be connecting; not for a side that listens.
   *
   * @param request of the other side's peer, if it has made one
   */
  Channel open(@Nullable ProgramRequest request) throws IOException;

  /** A side that connects. */
  record Connecting(Channels channels, Endpoint endpoint, ChannelOptions options)
      implements RelaySide {
    @Override
    public @Nullable ListenerEnd listener() {
      return null;
    }

    @Override
    public Channel open(@Nullable ProgramRequest request) throws IOException {
      ChannelOptions asking = request == null ? options : options.withProgram(request);
      channels.checkRequest(endpoint, asking);
      return channels.connect(endpoint, asking);
    }
  }

  /** A side that listens. */
  record Listening(ListenerEnd listener) implements RelaySide {
    @Override
    public Endpoint endpoint() {
      return listener.endpoint();
    }

    @Override
    public Channel open(@Nullable ProgramRequest request) {
      throw new IllegalStateException("a listening side accepts");
    }
  }

  /** A side that is there already. */
  record Given(Channel channel) implements RelaySide {
    @Override
    public Endpoint endpoint() {
      return channel.endpoint();
    }

    @Override
    public @Nullable ListenerEnd listener() {
      return null;
    }

    @Override
    public Channel open(@Nullable ProgramRequest request) {
      return channel;
    }
  }
}
