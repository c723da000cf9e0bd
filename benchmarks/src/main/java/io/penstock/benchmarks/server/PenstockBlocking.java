// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.server;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelFactory;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Listener;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;

/** A thread for each channel. */
final class PenstockBlocking {
  private PenstockBlocking() {}

  static Address listen(ChannelFactory channels, Endpoint endpoint, Address address, Work work)
      throws IOException {
    Listener listener = channels.listen(endpoint, ChannelOptions.defaults());
    Loops.start(
        () -> {
          while (true) {
            Channel channel = listener.accept(Wait.forever());
            Loops.start(() -> serve(channel, work, Loops.buffer(address)));
          }
        });
    return bound(address, listener);
  }

  static Address bound(Address address, Listener listener) {
    return address.unix()
        ? address
        : address.bound(
            new InetSocketAddress(
                Integer.parseInt(listener.endpoint().address().replaceFirst(".*:", ""))));
  }

  private static void serve(Channel channel, Work work, int size) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocateDirect(size);
    Tally tally = new Tally();
    Wait wait = work == Work.SPIN ? Wait.none() : Wait.forever();
    for (int n; (n = channel.source().read(buffer, wait)) >= 0; buffer.clear()) {
      if (work == Work.COUNT) {
        if (tally.bytes(n, buffer.get(buffer.position() - 1))) {
          channel.sink().writeFully(tally.answer(work), Wait.forever());
        }
      } else if (n > 0) {
        channel.sink().writeFully(buffer.flip(), Wait.forever());
      }
    }
    channel.close();
  }
}
