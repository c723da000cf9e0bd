// SPDX-License-Identifier: Apache-2.0
package io.penstock.testing.kinds;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Listener;
import io.penstock.channel.facet.TcpFacet;
import io.penstock.error.ConnectionResetException;
import io.penstock.error.StreamClosedException;
import io.penstock.error.StreamFault;
import io.penstock.testing.contract.Case;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;

/** TCP over the loopback interface. */
class TcpTest {
  private static Endpoint endpoint() {
    return Endpoint.parse("tcp-listen://127.0.0.1:0");
  }

  @Case
  void channelsKnowBothAddresses() throws Exception {
    try (Listener listener =
        Bench.PENSTOCK.channels().listen(endpoint(), ChannelOptions.defaults())) {
      assertFalse(listener.endpoint().address().endsWith(":0"), "the real port is told");
      Channel client = Bench.open(Bench.connecting(listener.endpoint()).toString());
      Channel server = listener.accept(Bench.SOON);
      assertTrue(client.local().isPresent());
      assertEquals(client.local(), server.peer());
      assertEquals(client.peer(), server.local());
      client.close();
      server.close();
    }
  }

  @Case
  void theCauseOfAResetIsTheJdks() throws Exception {
    try (Listener listener =
        Bench.PENSTOCK.channels().listen(endpoint(), ChannelOptions.defaults())) {
      Channel client = Bench.open(Bench.connecting(listener.endpoint()).toString());
      listener.accept(Bench.SOON).abort(new IOException("cut on purpose"));
      for (int i = 0; i < 2; i++) {
        ConnectionResetException cut =
            assertThrows(
                ConnectionResetException.class,
                () -> client.source().read(ByteBuffer.allocate(1), Bench.SOON));
        Throwable cause = cut.getCause();
        assertTrue(cause instanceof IOException && !(cause instanceof StreamFault), cut.toString());
        IOException broken =
            assertThrows(IOException.class, () -> client.sink().writeFully("x", Bench.SOON));
        Throwable behind = broken.getCause();
        assertTrue(
            behind instanceof IOException && !(behind instanceof StreamFault), broken.toString());
      }
      client.close();
    }
  }

  @Case
  void theSystemTellsWhatItMadeOfTheOptions() throws Exception {
    try (Listener listener =
        Bench.PENSTOCK.channels().listen(endpoint(), ChannelOptions.defaults())) {
      ChannelOptions options = ChannelOptions.defaults().with("keepAlive", "true");
      Channel client = Bench.open(Bench.connecting(listener.endpoint()).toString(), options);
      TcpFacet facet = client.facet(TcpFacet.class).orElseThrow();
      assertTrue(facet.noDelay());
      assertTrue(facet.keepAlive());
      client.close();
      assertThrows(StreamClosedException.class, facet::noDelay);
    }
  }

  @Case
  void connectingHappensInTheBackground() throws Exception {
    Channel waiting =
        Bench.PENSTOCK
            .channels()
            .connect(
                Endpoint.parse("tcp://no-such-host.invalid:1"),
                ChannelOptions.defaults().withConnectTimeout(Duration.ofSeconds(10)));
    ExecutionException failed =
        assertThrows(
            ExecutionException.class,
            () -> waiting.connected().toCompletableFuture().get(20, TimeUnit.SECONDS));
    assertInstanceOf(IOException.class, failed.getCause());
    try (Listener listener =
        Bench.PENSTOCK.channels().listen(endpoint(), ChannelOptions.defaults())) {
      Channel client =
          Bench.PENSTOCK
              .channels()
              .connect(Bench.connecting(listener.endpoint()), ChannelOptions.defaults());
      assertSame(client, client.connected().toCompletableFuture().get(20, TimeUnit.SECONDS));
      client.close();
    }
  }
}
