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
import io.penstock.testing.Case;
import io.penstock.testing.ChannelSuite;
import io.penstock.testing.ContractSuite;
import io.penstock.testing.Kind;
import io.penstock.testing.Services;
import io.penstock.testing.Trait;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Nested;

/** TCP over the loopback interface. */
class TcpTest {
  private static Endpoint endpoint() {
    return Endpoint.parse("tcp-listen://127.0.0.1:0");
  }

  private static Kind without(Kind kind) {
    return kind.without(Trait.IMMEDIATE, "bytes are on their way for a while, uncounted")
        .without(Trait.UNAIDED, "the system's timers move bytes that were full before")
        .without(Trait.BY_REFERENCE, "the system copies")
        .without(Trait.FLUSH_SEES_READER, "what the system has accepted is out of our hands")
        .without(Trait.READS_SEEN, "the reader is another program")
        .without(Trait.CLOSE_BREAKS_WRITER, "what still arrives is dropped")
        .without(Trait.ABORT_DELIVERED, "a reset carries no cause and overtakes the data")
        .without(Trait.VERDICT, "the peer is a socket and no program");
  }

  private static Kind there() {
    return without(Kind.of("tcp", () -> Bench.clientToServer(endpoint(), Bench::connecting)));
  }

  @Nested
  class ToServer extends ContractSuite {
    @Override
    protected Kind kind() {
      return there();
    }
  }

  @Nested
  class ToClient extends ContractSuite {
    @Override
    protected Kind kind() {
      return without(
          Kind.of("tcp-back", () -> Bench.serverToClient(endpoint(), Bench::connecting)));
    }
  }

  @Nested
  class Whole extends ChannelSuite {
    @Override
    protected Kind kind() {
      return there();
    }

    @Override
    protected Services services() {
      return Bench.SERVICES;
    }

    @Override
    protected Endpoint listening() {
      return endpoint();
    }

    @Override
    protected Endpoint connecting(Endpoint bound) {
      return Bench.connecting(bound);
    }
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
