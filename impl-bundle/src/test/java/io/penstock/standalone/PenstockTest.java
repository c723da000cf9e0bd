// SPDX-License-Identifier: Apache-2.0
package io.penstock.standalone;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.ChannelPair;
import io.penstock.channel.Endpoint;
import io.penstock.error.NotSupportedException;
import io.penstock.error.StreamClosedException;
import io.penstock.impl.kind.memory.MemoryProvider;
import io.penstock.pipe.Pipe;
import io.penstock.pipe.PipeOptions;
import io.penstock.poller.Poller;
import io.penstock.spi.ChannelDriver;
import io.penstock.spi.ChannelProvider;
import io.penstock.spi.ProviderContext;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;

class PenstockTest {
  private static final Wait SOON = Wait.upTo(Duration.ofSeconds(20));

  @Test
  void nameIsTakenUntilItsPipeIsClosed() throws Exception {
    try (Penstock penstock = Penstock.open()) {
      Pipe first = penstock.pipe("lines", PipeOptions.defaults());
      assertEquals("lines", first.name());
      var refusal =
          assertThrows(
              IllegalArgumentException.class, () -> penstock.pipe("lines", PipeOptions.defaults()));
      assertEquals("a pipe named 'lines' is still in use", refusal.getMessage());
      first.close();
      penstock.pipe("lines", PipeOptions.defaults()).sink().writeFully("again", Wait.none());
    }
  }

  @Test
  void everyBuiltInKindIsInstalled() {
    try (Penstock penstock = Penstock.open()) {
      assertEquals(
          Set.of(
              "durable",
              "echo",
              "exec",
              "fd",
              "fifo",
              "mem",
              "mem-listen",
              "pipe",
              "shell",
              "stdio",
              "tcp",
              "tcp-listen",
              "unix",
              "unix-listen"),
          penstock.channels().schemes());
    }
  }

  @Test
  void channelFindsANamedPipe() throws Exception {
    try (Penstock penstock = Penstock.open()) {
      Pipe lines = penstock.pipe("lines", PipeOptions.defaults());
      Channel channel =
          penstock
              .channels()
              .open(Endpoint.parse("pipe:?write=lines"), ChannelOptions.defaults(), SOON);
      channel.sink().writeFully("found", SOON);
      assertEquals("found", UTF_8.decode(lines.source().take(9, SOON)).toString());
      lines.close();
    }
  }

  @Test
  void pairIsBoundedAsAsked() throws Exception {
    try (Penstock penstock = Penstock.open()) {
      ChannelPair pair = penstock.channels().pair(ChannelOptions.defaults().withSendBuffer(3));
      assertEquals(3, pair.left().sink().write(ByteBuffer.allocate(9), Wait.none()));
    }
  }

  /** A kind of somebody else's. */
  private static final class Parrot implements ChannelProvider {
    private final MemoryProvider echo = new MemoryProvider();
    private volatile ProviderContext last;

    @Override
    public Set<String> schemes() {
      return Set.of("parrot");
    }

    @Override
    public CompletionStage<? extends ChannelDriver> connect(
        Endpoint endpoint, ChannelOptions options, ProviderContext context) throws IOException {
      last = context;
      return echo.connect(Endpoint.parse("echo:"), options, context);
    }

    ChannelDriver another(ProviderContext context) {
      try {
        return echo.connect(Endpoint.parse("echo:"), ChannelOptions.defaults(), context)
            .toCompletableFuture()
            .join();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  @Test
  void providedKindServesUntilItIsWithdrawn() throws Exception {
    Endpoint endpoint = Endpoint.parse("parrot:");
    try (Penstock penstock = Penstock.open()) {
      Parrot parrot = new Parrot();
      penstock.provide(parrot);
      Channel channel = penstock.channels().open(endpoint, ChannelOptions.defaults(), SOON);
      channel.sink().writeFully("hi", SOON);
      assertEquals("hi", UTF_8.decode(channel.source().take(9, SOON)).toString());

      penstock.withdraw(parrot);

      assertFalse(channel.isOpen());
      assertThrows(
          StreamClosedException.class, () -> channel.source().read(ByteBuffer.allocate(1)));
      assertThrows(
          NotSupportedException.class,
          () -> penstock.channels().connect(endpoint, ChannelOptions.defaults()));
    }
  }

  @Test
  void channelBesideAnotherLivesByItself() throws Exception {
    Parrot parrot = new Parrot();
    try (Penstock penstock = Penstock.open()) {
      penstock.provide(parrot);
      Channel first =
          penstock.channels().open(Endpoint.parse("parrot:"), ChannelOptions.defaults(), SOON);
      Channel beside = parrot.last.channel("beside", parrot::another);
      assertEquals("beside", beside.name());
      assertEquals(first.endpoint(), beside.endpoint());
      first.close();
      beside.sink().writeFully("hi", SOON);
      assertEquals("hi", UTF_8.decode(beside.source().take(9, SOON)).toString());

      penstock.withdraw(parrot);

      assertFalse(beside.isOpen());
      assertThrows(IllegalStateException.class, () -> parrot.last.channel("late", parrot::another));
    }
  }

  @Test
  void closeWakesWhoPolls() throws Exception {
    Penstock penstock = Penstock.open();
    Poller poller = penstock.poller();
    penstock.close();
    assertThrows(StreamClosedException.class, () -> poller.poll(Wait.none()));
    assertThrows(IllegalStateException.class, penstock::poller);
  }

  @Test
  void closeClosesWhatWasMade() {
    Penstock penstock = Penstock.open();
    Pipe pipe = penstock.pipes().create(PipeOptions.defaults());
    penstock.close();
    penstock.close();
    assertThrows(StreamClosedException.class, () -> pipe.source().read(ByteBuffer.allocate(1)));
    assertThrows(
        IllegalStateException.class, () -> penstock.pipes().create(PipeOptions.defaults()));
  }
}
