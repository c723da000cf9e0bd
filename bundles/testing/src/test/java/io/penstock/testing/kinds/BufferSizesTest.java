// SPDX-License-Identifier: Apache-2.0
package io.penstock.testing.kinds;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Direction;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Listener;
import io.penstock.channel.facet.BufferFacet;
import io.penstock.error.NotSupportedException;
import io.penstock.error.StreamClosedException;
import io.penstock.testing.contract.Case;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import org.junit.jupiter.api.io.TempDir;

/** The system's buffers of every kind that has some. */
class BufferSizesTest {
  @TempDir static Path folder;

  private static final ChannelOptions SIZES =
      ChannelOptions.defaults().withReceiveBuffer(48 << 10).withSendBuffer(40 << 10);

  private static BufferFacet facet(Channel channel) {
    return channel.facet(BufferFacet.class).orElseThrow();
  }

  /** What a socket is given is what was asked for, up to a limit of the system's. */
  private static void isSized(String listen) throws IOException {
    try (Listener listener =
        Bench.PENSTOCK.channels().listen(Endpoint.parse(listen), ChannelOptions.defaults())) {
      Channel client = Bench.open(Bench.connecting(listener.endpoint()).toString(), SIZES);
      Channel server = listener.accept(Bench.SOON);
      BufferFacet facet = facet(client);
      assertEquals(48 << 10, facet.receiveBuffer());
      assertEquals(40 << 10, facet.sendBuffer());
      assertEquals(20_000, facet.receiveBuffer(20_000));
      assertEquals(20_000, facet.receiveBuffer());
      assertEquals(24_000, facet(server).sendBuffer(24_000));
      int least = facet.sendBuffer(1);
      assertTrue(least > 1, "the system has a least size, this was " + least);
      int most = facet.sendBuffer(1 << 30);
      assertTrue(most > least, "the system has a largest size, this was " + most);
      assertThrows(IllegalArgumentException.class, () -> facet.sendBuffer(0));
      client.close();
      server.close();
      assertThrows(StreamClosedException.class, facet::sendBuffer);
      assertThrows(StreamClosedException.class, () -> facet.receiveBuffer(9));
    }
  }

  @Case
  void thoseOfSocketsAreToldAndSet() throws IOException {
    isSized("tcp-listen://127.0.0.1:0");
    isSized("unix-listen:" + folder.resolve(Bench.fresh("s")));
    isSized("unix-listen:@" + Bench.fresh("penstock-" + ThreadLocalRandom.current().nextLong()));
  }

  @Case
  void thatOfAFifoIsToldAndSetAtEitherEnd() throws IOException {
    String fifo = "fifo:" + folder.resolve(Bench.fresh("fifo")) + "?create=0600";
    Channel in = Bench.open(fifo, ChannelOptions.defaults().withDirection(Direction.INPUT));
    Channel out = Bench.open(fifo, SIZES.withDirection(Direction.OUTPUT));
    // The next power of two.
    assertEquals(64 << 10, facet(out).sendBuffer());
    assertEquals(128 << 10, facet(out).sendBuffer(100_000));
    assertEquals(128 << 10, facet(in).receiveBuffer());
    assertEquals(4096, facet(in).receiveBuffer(1));
    assertThrows(NotSupportedException.class, () -> facet(in).sendBuffer());
    assertThrows(NotSupportedException.class, () -> facet(out).receiveBuffer(9));
    out.sink().writeFully("x".repeat(4096), Bench.SOON);
    assertEquals(8192, facet(out).sendBuffer(8192));
    out.sink().writeFully("x".repeat(4096), Bench.SOON);
    IOException full = assertThrows(IOException.class, () -> facet(out).sendBuffer(4096));
    assertTrue(full.getMessage().contains("busy"), full.getMessage());
    BufferFacet closed = facet(out);
    in.source().close();
    out.close();
    in.close();
    assertThrows(StreamClosedException.class, closed::sendBuffer);
  }

  @Case
  void thoseOfAChildAreToldAndSet() throws IOException {
    Channel child = Bench.open("exec:cat", SIZES.withSendBuffer(8192));
    BufferFacet facet = facet(child);
    assertEquals(8192, facet.sendBuffer());
    assertEquals(64 << 10, facet.receiveBuffer());
    assertEquals(256 << 10, facet.receiveBuffer(256 << 10));
    assertEquals(256 << 10, facet.receiveBuffer());
    assertEquals(8192, facet.sendBuffer());
    child.close();
    assertThrows(StreamClosedException.class, facet::sendBuffer);
  }

  @Case
  void whatHasNoneSaysSo() throws IOException {
    for (String endpoint : new String[] {"echo:", "shell:cat"}) {
      ChannelOptions options =
          endpoint.equals("echo:")
              ? ChannelOptions.defaults()
              : ChannelOptions.defaults().with("pty", "true");
      try (Channel channel = Bench.open(endpoint, options)) {
        assertEquals(Optional.empty(), channel.facet(BufferFacet.class));
      }
    }
  }
}
