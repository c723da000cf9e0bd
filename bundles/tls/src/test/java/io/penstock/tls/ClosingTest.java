// SPDX-License-Identifier: Apache-2.0
package io.penstock.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import io.penstock.channel.Capability;
import io.penstock.channel.Channel;
import io.penstock.channel.ChannelFactory;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Listener;
import io.penstock.spi.ChannelDriver;
import io.penstock.spi.ChannelProvider;
import io.penstock.spi.ProviderContext;
import io.penstock.spi.SinkDriver;
import io.penstock.spi.SourceDriver;
import io.penstock.standalone.Penstock;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** A kind below TLS hears of a close at once, whose waits must not outlast it. */
class ClosingTest {
  private final AtomicInteger told = new AtomicInteger();

  /** TCP that counts how often it is told of a close. */
  private final class Counting implements ChannelDriver {
    private final ChannelDriver tcp;

    Counting(ChannelDriver tcp) {
      this.tcp = tcp;
    }

    @Override
    public @Nullable SourceDriver source() {
      return tcp.source();
    }

    @Override
    public @Nullable SinkDriver sink() {
      return tcp.sink();
    }

    @Override
    public Set<Capability> capabilities() {
      return tcp.capabilities();
    }

    @Override
    public <T> Optional<T> facet(Class<T> type) {
      return tcp.facet(type);
    }

    @Override
    public void closing() {
      told.incrementAndGet();
    }

    @Override
    public void close() throws IOException {
      tcp.close();
    }

    @Override
    public void abort(Throwable cause) {
      tcp.abort(cause);
    }
  }

  private final class CountingProvider implements ChannelProvider {
    private final ChannelProvider tcp;

    CountingProvider(ChannelProvider tcp) {
      this.tcp = tcp;
    }

    @Override
    public Set<String> schemes() {
      return tcp.schemes();
    }

    @Override
    public CompletionStage<? extends ChannelDriver> connect(
        Endpoint endpoint, ChannelOptions options, ProviderContext context) throws IOException {
      return tcp.connect(endpoint, options, context).thenApply(Counting::new);
    }
  }

  @Test
  void channelBelowIsToldWhileBytesStillLeave() throws Exception {
    try (Penstock penstock = Penstock.open();
        Listener listener = Bench.listen()) {
      penstock.provide(
          new TlsProvider(new CountingProvider(penstock.provider("tcp").orElseThrow())));
      Channel client =
          penstock
              .channels()
              .open(Bench.connecting(listener.endpoint()), ChannelOptions.defaults(), Bench.SOON);
      Channel server = listener.accept(Bench.SOON);
      // More than anybody keeps for a peer that does not read.
      CompletionStage<Void> unused = client.sink().writeAsync(ByteBuffer.allocate(64 << 20));
      CompletableFuture<Void> closed = client.closeAsync().toCompletableFuture();
      assertEquals(1, told.get());
      assertFalse(closed.isDone(), "its bytes still leave");
      client.abort(new IOException("the test is over"));
      server.abort(new IOException("the test is over"));
    }
  }

  /** What begins after the stop finds every wait over at once, and must not begin it again. */
  @Test
  void listeningAfterTheStopEndsAtOnce() {
    Penstock penstock = Penstock.open();
    penstock.provide(new TlsProvider(penstock.provider("tcp").orElseThrow()));
    ChannelFactory channels = penstock.channels();
    penstock.close();
    assertTimeoutPreemptively(
        Duration.ofSeconds(20),
        () ->
            assertThrows(
                IllegalStateException.class,
                () -> channels.listen(Bench.listening(), ChannelOptions.defaults())));
  }
}
