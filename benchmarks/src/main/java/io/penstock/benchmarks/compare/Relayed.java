// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.compare;

import io.penstock.benchmarks.run.Partner;
import io.penstock.benchmarks.server.Address;
import io.penstock.benchmarks.server.Serve;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;

/** Bytes through a relay. Both of its peers are the JDK's, so that nothing else is the product. */
final class Relayed implements Load {
  private static final int PIECE = 64 * 1024;
  private static final int BATCH = 16;

  private final ByteBuffer piece = ByteBuffer.allocateDirect(PIECE);
  private final SocketChannel into;
  private final Partner reader;
  private long sent;

  private Relayed(ServerSocketChannel listener, Address target) throws Exception {
    Address relay = Serve.relay(new Address("unix:" + Sockets.fresh("relay")), target);
    reader = Partner.start(() -> readAll(listener));
    into = SocketChannel.open(relay.socketAddress());
  }

  /** From a Unix socket to TCP. */
  static Relayed toTcp() throws Exception {
    ServerSocketChannel listener =
        ServerSocketChannel.open().bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
    int port = ((InetSocketAddress) listener.getLocalAddress()).getPort();
    return new Relayed(listener, new Address("tcp:" + port));
  }

  /** From a Unix socket to another one. */
  static Relayed toUnix() throws Exception {
    Path target = Sockets.fresh("sink");
    ServerSocketChannel listener =
        ServerSocketChannel.open(StandardProtocolFamily.UNIX)
            .bind(UnixDomainSocketAddress.of(target));
    return new Relayed(listener, new Address("unix:" + target));
  }

  private static long readAll(ServerSocketChannel listener) throws IOException {
    long sum = 0;
    try (listener;
        SocketChannel out = listener.accept()) {
      ByteBuffer buffer = ByteBuffer.allocateDirect(4 * PIECE);
      for (int n; (n = out.read(buffer.clear())) >= 0; ) {
        sum += n;
      }
    }
    return sum;
  }

  @Override
  public int batch() throws IOException {
    for (int i = 0; i < BATCH; i++) {
      piece.clear();
      while (piece.hasRemaining()) {
        into.write(piece);
      }
    }
    sent += (long) BATCH * PIECE;
    return BATCH;
  }

  @Override
  public void end() throws Exception {
    into.shutdownOutput();
    reader.join(sent);
    into.close();
  }
}
