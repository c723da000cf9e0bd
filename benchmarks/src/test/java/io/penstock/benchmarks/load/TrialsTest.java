// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.load;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.benchmarks.peer.Peer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What is measured within a JVM. */
class TrialsTest {
  @ParameterizedTest
  @EnumSource(names = {"PENSTOCK", "ARRAY_BLOCKING_QUEUE"})
  void severalWritersShareOnePipe(Peer peer) throws Exception {
    int pieces = 50;
    try (Shared shared = Shared.open(peer, 64, 3)) {
      for (Fan.Writer writer : shared.writers()) {
        Thread thread =
            new Thread(
                () -> {
                  try {
                    for (int i = 0; i < pieces; i++) {
                      writer.write();
                    }
                    writer.end();
                  } catch (Exception e) {
                    throw new IllegalStateException(e);
                  }
                });
        thread.setDaemon(true);
        thread.start();
      }
      long sum = 0;
      for (int n; (n = shared.read()) >= 0; ) {
        sum += n;
      }
      assertEquals(3 * pieces * 64, sum);
    }
  }

  @Test
  void aThreadThatFailsEndsTheMeasurement() {
    Fan.Writer fails =
        new Fan.Writer() {
          @Override
          public void write() throws IOException {
            throw new IOException("planted");
          }

          @Override
          public void end() {}
        };
    IllegalStateException e =
        assertThrows(
            IllegalStateException.class,
            () -> Fan.run(List.of(fails), List.of(() -> -1), 10_000_000_000L, 1));
    assertEquals("planted", e.getCause().getMessage());
  }

  @Test
  void aPieceThatIsCopiedIsGarbageOfItsSize() throws Exception {
    double queue = Garbage.perChunk(Peer.ARRAY_BLOCKING_QUEUE, 8192, 4000);
    assertTrue(queue >= 8192, () -> queue + " bytes for each piece");
    double ours = Garbage.perChunk(Peer.PENSTOCK, 8192, 4000);
    assertTrue(ours < 4096, () -> ours + " bytes for each piece");
  }

  /** A sender whose first reader has no room for more than one message. */
  private static final class Narrow implements Broadcast.Sender {
    private final ServerSocketChannel listener =
        ServerSocketChannel.open().bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
    private final List<SocketChannel> accepted = new ArrayList<>();
    private final AtomicInteger refused = new AtomicInteger();

    Narrow() throws IOException {}

    @Override
    public InetSocketAddress address() throws IOException {
      return (InetSocketAddress) listener.getLocalAddress();
    }

    @Override
    public Broadcast.Outlet accept() throws IOException {
      SocketChannel channel = listener.accept();
      accepted.add(channel);
      boolean narrow = accepted.size() == 1;
      return new Broadcast.Outlet() {
        private int taken;

        @Override
        public void write(ByteBuffer message) throws IOException {
          if (narrow && taken >= Broadcast.MESSAGE) {
            refused.incrementAndGet();
            return;
          }
          taken += channel.write(message);
        }
      };
    }

    @Override
    public void close() throws IOException {
      for (SocketChannel channel : accepted) {
        channel.close();
      }
      listener.close();
    }
  }

  @Test
  void aReaderWithoutRoomMissesMessagesAndTheOthersGetAllOfThem() throws Exception {
    try (Narrow narrow = new Narrow()) {
      Reading reading = Broadcast.measure(narrow, 1, 1000, 500_000_000L);
      int refused = narrow.refused.get();
      assertTrue(refused > 0, "the narrow one refused nothing");
      // What was sent last may not have been read when the measurement ended.
      long fewest = 15L * (refused - 50);
      assertTrue(
          reading.latencies().count() >= fewest
              && reading.latencies().count() <= 15L * (refused + 1),
          () -> reading.latencies().count() + " read, " + refused + " refused");
    }
  }
}
