// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.server;

import java.io.File;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.newsclub.net.unix.AFUNIXServerSocketChannel;
import org.newsclub.net.unix.AFUNIXSocketAddress;
import org.newsclub.net.unix.AFUNIXSocketChannel;

/** A thread for each of junixsocket's channels, with a direct buffer of its own. */
final class Junixsocket {
  private Junixsocket() {}

  static Address listen(Address address, Work work) throws IOException {
    AFUNIXServerSocketChannel listener = AFUNIXServerSocketChannel.open();
    listener.bind(AFUNIXSocketAddress.of(new File(address.path())), 1024);
    Loops.start(
        () -> {
          while (true) {
            AFUNIXSocketChannel channel = listener.accept();
            Loops.start(() -> serve(channel, work, Loops.buffer(address)));
          }
        });
    return address;
  }

  private static void serve(AFUNIXSocketChannel channel, Work work, int size) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocateDirect(size);
    Tally tally = new Tally();
    for (int n; (n = channel.read(buffer)) >= 0; buffer.clear()) {
      if (work == Work.COUNT) {
        if (tally.bytes(n, buffer.get(n - 1))) {
          channel.write(tally.answer(work));
        }
      } else {
        buffer.flip();
        while (buffer.hasRemaining()) {
          channel.write(buffer);
        }
      }
    }
    channel.close();
  }
}
