// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.relay;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Listener;
import io.penstock.poller.ChannelHandler;
import io.penstock.poller.Poller;
import io.penstock.poller.Registration;
import io.penstock.relay.Relay;
import io.penstock.relay.RelayOptions;
import io.penstock.standalone.Penstock;
import io.penstock.stream.Framing;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;

/** A server of the echo kind that is run with a small heap, by a relay or by a poller of lines. */
final class ScarceMemory {
  private static final int LONGEST_LINE = 1 << 20;

  private ScarceMemory() {}

  /** Runs until it is killed. */
  public static void main(String[] args) throws Exception {
    Penstock penstock = Penstock.open();
    Endpoint anywhere = Endpoint.parse("tcp-listen://127.0.0.1:0");
    Listener listener;
    if (args[0].equals("relay")) {
      Relay relay =
          penstock
              .relays()
              .create(anywhere, Endpoint.parse("echo:"), RelayOptions.defaults().withFork(true));
      relay.start();
      listener = relay.listeners().get(0);
    } else {
      listener = penstock.channels().listen(anywhere, ChannelOptions.defaults());
      Poller poller = penstock.poller();
      poller.register(listener, Framing.lines(LONGEST_LINE));
      poller.start(new Echo());
    }
    System.out.println(listener.endpoint().address().replaceAll(".*:", ""));
    new CountDownLatch(1).await();
  }

  private static final class Echo implements ChannelHandler {
    @Override
    public void opened(Registration from, Channel channel, Registration client) {
      client.attach(channel);
    }

    @Override
    public void data(Registration from, ByteBuffer frame) throws IOException {
      channel(from).sink().writeFully(frame, Wait.forever());
    }

    @Override
    public void ended(Registration from) throws IOException {
      channel(from).close();
    }

    @Override
    public void failed(Registration from, Throwable cause) {
      channel(from).abort(cause);
    }

    private static Channel channel(Registration from) {
      return (Channel) Objects.requireNonNull(from.attachment());
    }
  }
}
