// SPDX-License-Identifier: Apache-2.0
package io.penstock.snippets.echo;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;

/** Lines echoed by one thread with a selector; a line has up to 8192 bytes. */
final class EchoByNio implements AutoCloseable {
  final ServerSocketChannel listener = ServerSocketChannel.open();
  private final Selector selector = Selector.open();

  EchoByNio(int port) throws IOException {
    listener.bind(new InetSocketAddress(port)).configureBlocking(false);
    listener.register(selector, SelectionKey.OP_ACCEPT);
    new Thread(this::run).start();
  }

  private void run() {
    try {
      while (selector.isOpen()) {
        selector.select(this::handle);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void handle(SelectionKey key) {
    try {
      if (key.isAcceptable()) {
        SocketChannel client = listener.accept();
        client.configureBlocking(false);
        client.register(selector, SelectionKey.OP_READ, ByteBuffer.allocate(8192));
      } else {
        echo(key, (SocketChannel) key.channel(), (ByteBuffer) key.attachment());
      }
    } catch (IOException e) {
      close(key);
    }
  }

  /** The buffer has whole lines that leave, and then a piece of one that comes. */
  private static void echo(SelectionKey key, SocketChannel client, ByteBuffer buffer)
      throws IOException {
    if (key.isReadable() && client.read(buffer) < 0) {
      close(key);
      return;
    }
    int end = buffer.position();
    while (end > 0 && buffer.get(end - 1) != '\n') {
      end--;
    }
    if (end == 0 && !buffer.hasRemaining()) {
      throw new IOException("a line is longer than 8192 bytes");
    }
    int rest = buffer.position();
    buffer.position(0).limit(end);
    client.write(buffer);
    boolean all = !buffer.hasRemaining();
    buffer.limit(rest);
    buffer.compact();
    key.interestOps(all ? SelectionKey.OP_READ : SelectionKey.OP_WRITE);
  }

  private static void close(SelectionKey key) {
    try {
      key.channel().close();
    } catch (IOException e) {
      System.err.println(e);
    }
  }

  @Override
  public void close() throws IOException {
    selector.close();
    listener.close();
  }
}
