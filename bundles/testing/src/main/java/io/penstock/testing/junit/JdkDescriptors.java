// SPDX-License-Identifier: Apache-2.0
package io.penstock.testing.junit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Pipe;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * The descriptors that the JDK opens once for good. A class of its own: another thread runs a part
 * of it while the user's class is still being initialized.
 */
final class JdkDescriptors {
  private static final long MOMENT_NANOS = 1_000_000;

  private JdkDescriptors() {}

  /**
   * Uses sockets, pipes and selectors once: the JDK opens descriptors with the first of them that
   * it never closes.
   *
   * @return true
   */
  static boolean open() {
    try (Selector selector = Selector.open();
        ServerSocketChannel server = ServerSocketChannel.open()) {
      server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
      try (SocketChannel client = SocketChannel.open(server.getLocalAddress());
          SocketChannel accepted = server.accept()) {
        client.write(ByteBuffer.allocate(1));
        accepted.read(ByteBuffer.allocate(1));
      }
      selector.selectNow();
      Pipe pipe = Pipe.open();
      pipe.sink().close();
      pipe.source().close();
      warmUpVirtual(server);
    } catch (IOException e) {
      throw new IllegalStateException("this system has no sockets of its own address", e);
    }
    return true;
  }

  /** The JDK makes selectors for virtual threads when the first of them waits for a socket. */
  private static void warmUpVirtual(ServerSocketChannel server) throws IOException {
    Thread virtual;
    try {
      virtual =
          (Thread)
              Thread.class
                  .getMethod("startVirtualThread", Runnable.class)
                  .invoke(null, (Runnable) () -> accept(server));
    } catch (ReflectiveOperationException e) {
      // Not in this JDK, or only as a preview.
      return;
    }
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(1);
    while (virtual.getState() != Thread.State.WAITING && System.nanoTime() - deadline < 0) {
      LockSupport.parkNanos(MOMENT_NANOS);
    }
    SocketChannel.open(server.getLocalAddress()).close();
    try {
      virtual.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void accept(ServerSocketChannel server) {
    try {
      server.accept().close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
