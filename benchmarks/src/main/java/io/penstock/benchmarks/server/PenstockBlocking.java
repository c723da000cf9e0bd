// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.server;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelFactory;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Listener;
import io.penstock.stream.ByteSink;
import io.penstock.stream.ByteSource;
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
            Loops.start(
                () -> {
                  serve(channel.source(), channel.sink(), work, Loops.buffer(address));
                  channel.close();
                });
          }
        });
    return bound(address, listener.endpoint());
  }

  static Address listen(ChannelFactory channels, Address address, Fifos fifos, Work work)
      throws IOException {
    Channel in = channels.open(fifos.reading(), ChannelOptions.defaults(), Wait.forever());
    Channel out = channels.open(fifos.writing(), ChannelOptions.defaults(), Wait.forever());
    Loops.start(() -> serve(in.source(), out.sink(), work, Loops.buffer(address)));
    return address;
  }

  static Address bound(Address address, Endpoint bound) {
    return address.unix()
        ? address
        : address.bound(
            new InetSocketAddress(Integer.parseInt(bound.address().replaceFirst(".*:", ""))));
  }

  private static void serve(ByteSource source, ByteSink sink, Work work, int size)
      throws IOException {
    ByteBuffer buffer = ByteBuffer.allocateDirect(size);
    Tally tally = new Tally();
    Wait wait = work == Work.SPIN ? Wait.none() : Wait.forever();
    for (int n; (n = source.read(buffer, wait)) >= 0; buffer.clear()) {
      if (work == Work.COUNT) {
        if (tally.bytes(n, buffer.get(buffer.position() - 1))) {
          sink.writeFully(tally.answer(work), Wait.forever());
        }
      } else if (n > 0) {
        sink.writeFully(buffer.flip(), Wait.forever());
      }
    }
  }
}
