// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.server;

import java.io.IOException;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.channels.WritableByteChannel;

/** A thread for each channel of the JDK, with a direct buffer of its own. */
final class JdkBlocking {
  private JdkBlocking() {}

  static Address listen(Address address, Work work) throws IOException {
    ServerSocketChannel listener = ServerSocketChannel.open(address.family());
    listener.bind(address.socketAddress(), 1024);
    Loops.start(
        () -> {
          while (true) {
            SocketChannel channel = listener.accept();
            Loops.start(() -> serve(channel, work, Loops.buffer(address)));
          }
        });
    return address.bound(listener.getLocalAddress());
  }

  static void noDelay(SocketChannel channel) throws IOException {
    if (channel.supportedOptions().contains(StandardSocketOptions.TCP_NODELAY)) {
      channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
    }
  }

  /** FileChannels, which is what the JDK has for pipes between processes. */
  static Address listen(Address address, Fifos fifos, Work work) {
    Loops.start(() -> serve(fifos.source(), fifos.sink(), work, Loops.buffer(address)));
    return address;
  }

  private static void serve(SocketChannel channel, Work work, int size) throws IOException {
    noDelay(channel);
    channel.configureBlocking(work != Work.SPIN);
    serve(channel, channel, work, size);
    channel.close();
  }

  private static void serve(
      ReadableByteChannel source, WritableByteChannel sink, Work work, int size)
      throws IOException {
    ByteBuffer buffer = ByteBuffer.allocateDirect(size);
    Tally tally = new Tally();
    for (int n; (n = source.read(buffer)) >= 0; buffer.clear()) {
      if (work == Work.COUNT) {
        if (tally.bytes(n, buffer.get(n - 1))) {
          sink.write(tally.answer(work));
        }
      } else if (n > 0) {
        buffer.flip();
        while (buffer.hasRemaining()) {
          sink.write(buffer);
        }
      }
    }
  }
}
