// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.support.socket;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Endpoint;
import io.penstock.impl.kind.Peers;
import io.penstock.impl.kind.tcp.TcpProvider;
import io.penstock.spi.ChannelDriver;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.Test;

class SocketListenerTest {
  @Test
  void aPeerThatCannotBeSetUpIsCutAndToldOf() throws IOException {
    List<LogRecord> logged = new CopyOnWriteArrayList<>();
    Handler handler =
        new Handler() {
          @Override
          public void publish(LogRecord line) {
            logged.add(line);
          }

          @Override
          public void flush() {}

          @Override
          public void close() {}
        };
    Logger logger = Logger.getLogger("io.penstock");
    logger.addHandler(handler);
    AtomicInteger accepted = new AtomicInteger();
    try (Peers peers = new Peers(new TcpProvider());
        ServerSocketChannel server = ServerSocketChannel.open()) {
      server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
      SocketListener listener =
          new SocketListener(
              Endpoint.parse("tcp-listen://127.0.0.1:0"),
              server,
              null,
              peer -> {
                if (accepted.incrementAndGet() == 1) {
                  throw new IOException("No buffer space available");
                }
              },
              () -> {});
      try (SocketChannel first = SocketChannel.open(server.getLocalAddress());
          SocketChannel second = SocketChannel.open(server.getLocalAddress())) {
        ChannelDriver served = listener.accept(peers.context("accepted"));
        assertNotNull(served);
        assertEquals(
            second.getLocalAddress(), served.peer().orElseThrow(), "the next peer is served");
        assertThrows(IOException.class, () -> first.read(ByteBuffer.allocate(1)), "no end");
        served.abort(new IOException("the test is over"));
      }
      server.configureBlocking(false);
      assertNull(listener.accept(peers.context("nobody")));
    } finally {
      logger.removeHandler(handler);
    }
    assertTrue(
        logged.stream()
            .anyMatch(
                line ->
                    line.getLevel() == Level.WARNING
                        && line.getMessage().contains("a peer was cut")
                        && line.getParameters()[1].equals("No buffer space available")),
        "the log tells of it");
  }
}
