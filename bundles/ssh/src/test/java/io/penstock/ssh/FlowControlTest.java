// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh;

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
import io.penstock.error.StreamTimeoutException;
import io.penstock.poller.PollEvent;
import io.penstock.poller.Poller;
import io.penstock.poller.Registration;
import io.penstock.poller.SinkRegistration;
import io.penstock.ssh.impl.channel.Link;
import io.penstock.stream.ByteFile;
import io.penstock.stream.ByteSource;
import io.penstock.stream.FileMode;
import io.penstock.stream.Framing;
import io.penstock.stream.Signal;
import io.penstock.stream.Wait;
import io.penstock.testing.contract.Case;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** What a window lets through, to the byte, and which callers are told when something moves. */
class FlowControlTest {
  private static final int KIB = 1024;

  private static void until(BooleanSupplier condition, String what) {
    long limit = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (!condition.getAsBoolean()) {
      assertTrue(System.nanoTime() < limit, what);
      LockSupport.parkNanos(200_000);
    }
  }

  @Case(seconds = 60)
  void writeTakesAtMostTheWindow() throws Exception {
    try (Bench.Both both = Bench.meet("window=32KiB")) {
      Channel client = both.client();
      SshFacet facet = Bench.client(client);
      ByteBuffer much = ByteBuffer.allocate(100 * KIB);
      assertTrue(client.sink().writable().isSet());
      assertEquals(32 * KIB, client.sink().write(much, Wait.none()));
      assertEquals(0, facet.sendWindow());
      assertFalse(client.sink().writable().isSet());
      assertEquals(0, client.sink().write(much, Wait.none()));
      assertThrows(
          StreamTimeoutException.class,
          () -> client.sink().write(much, Wait.upTo(Duration.ofMillis(20))));
      assertEquals(68 * KIB, much.remaining());
      CompletableFuture<Integer> waiting =
          CompletableFuture.supplyAsync(
              () -> {
                try {
                  return client.sink().write(much, Bench.SOON);
                } catch (IOException e) {
                  throw new CompletionException(e);
                }
              },
              task -> new Thread(task, "writer").start());
      both.server().source().readFully(ByteBuffer.allocate(32 * KIB), Bench.SOON);
      assertTrue(waiting.get(20, TimeUnit.SECONDS) > 0);
    }
  }

  /** The peer reads nothing until the channel is given up here: then it gets all of it. */
  @Case(seconds = 60)
  void endThatLeavesTooLateIsFollowedByTheClose() throws Exception {
    ChannelOptions brief =
        ChannelOptions.defaults().withSendBuffer(8 * KIB).withCloseTimeout(Duration.ofMillis(50));
    try (Listener listener = Bench.CHANNELS.listen(Bench.listening(), brief)) {
      Endpoint login = Bench.connecting(listener.endpoint(), "window=256MiB", "share=true");
      Channel client = Bench.open(login);
      Channel server = listener.accept(Bench.SOON);
      Channel other = Bench.open(login);
      Bench.stopsReading(Bench.session(client), Bench.session(server));
      ByteBuffer much = ByteBuffer.allocate(64 * KIB * KIB);
      assertThrows(
          StreamTimeoutException.class,
          () -> server.sink().writeFully(much, Wait.upTo(Duration.ofMillis(300))));
      server.sink().end();
      Link given = Bench.link(server);
      server.close();
      until(given::isClosed, "it is given up");
      assertEquals(1, Bench.leaving(given.getSession()));
      Link link = Bench.link(client);
      Bench.session(client).getIoSession().resumeRead();
      assertEquals(
          much.position(), client.source().readAll(64 * KIB * KIB, Bench.SOON).remaining());
      assertTrue(Bench.hearsClose(link));
      // The connection is still there, and keeps nothing of it.
      assertTrue(other.isOpen());
      assertTrue(given.getSession().isOpen());
      until(() -> Bench.leaving(given.getSession()) == 0, "nothing of it is kept");
      client.close();
      other.close();
    }
  }

  @Case(seconds = 60)
  void limitOfWriteFullyIsForEachStall() throws Exception {
    try (Bench.Both both = Bench.meet("window=32KiB")) {
      Channel client = both.client();
      Wait limit = Wait.upTo(Duration.ofSeconds(4));
      CompletableFuture<Void> writing =
          CompletableFuture.runAsync(
              () -> {
                try {
                  client.sink().writeFully(ByteBuffer.allocate(4 * 32 * KIB), limit);
                } catch (IOException e) {
                  throw new CompletionException(e);
                }
              },
              task -> new Thread(task, "writer").start());
      // Each stall is shorter than the limit, and all of them together are longer.
      for (int i = 0; i < 3; i++) {
        assertThrows(TimeoutException.class, () -> writing.get(1500, TimeUnit.MILLISECONDS));
        both.server().source().readFully(ByteBuffer.allocate(32 * KIB), Bench.SOON);
      }
      writing.get(20, TimeUnit.SECONDS);
      assertThrows(
          StreamTimeoutException.class,
          () -> client.sink().writeFully("x", Wait.upTo(Duration.ofMillis(20))));
    }
  }

  @Case(seconds = 60)
  void readsMergeWhatCameInSeveralPackets() throws Exception {
    try (Bench.Both both = Bench.meet()) {
      for (Channel from : List.of(both.client(), both.server())) {
        ByteSource source = (from == both.client() ? both.server() : both.client()).source();
        from.sink().writeFully("one", Bench.SOON);
        from.sink().writeFully("two", Bench.SOON);
        until(() -> source.available() == 6, "both have come");
        ByteBuffer part = ByteBuffer.allocate(4);
        assertEquals(4, source.read(part, Wait.none()));
        assertEquals("onet", new String(part.array(), StandardCharsets.UTF_8));
        from.sink().writeFully("!?", Bench.SOON);
        until(() -> source.available() == 4, "it has come, too");
        ByteBuffer rest = ByteBuffer.allocate(9);
        assertEquals(4, source.read(rest, Wait.none()));
        assertEquals("wo!?", StandardCharsets.UTF_8.decode(rest.flip()).toString());
        from.sink().end();
        assertEquals(-1, source.read(rest.clear(), Bench.SOON));
      }
    }
  }

  @Case(seconds = 60)
  void creditIsGivenForWhatWasTakenAndForBothStreamsTogether() throws Exception {
    try (Listener listener = Bench.listen();
        Channel client = Bench.connect(listener, "stderr=pipe", "window=32KiB");
        Channel server = listener.accept(Bench.SOON)) {
      SshClientFacet facet = Bench.client(client);
      SshServerFacet there = Bench.server(server);
      ByteSource errors = facet.errorSource().orElseThrow();
      server.sink().writeFully(ByteBuffer.allocate(20 * KIB), Bench.SOON);
      there.errorSink().writeFully(ByteBuffer.allocate(12 * KIB), Bench.SOON);
      until(() -> facet.receiveWindow() == 0, "the window is used up");
      until(
          () -> client.source().available() + errors.available() == 32 * KIB, "all of it has come");
      // The first byte alone is not worth a message.
      client.source().readFully(ByteBuffer.allocate(1), Bench.SOON);
      assertEquals(0, facet.receiveWindow());
      assertEquals(0, there.sendWindow());
      errors.readFully(ByteBuffer.allocate(12 * KIB), Bench.SOON);
      client.source().readFully(ByteBuffer.allocate(20 * KIB - 1), Bench.SOON);
      until(() -> there.sendWindow() == 32 * KIB, "credit for all of it has come");
    }
  }

  @Case(seconds = 60)
  void bytesOfAnUnknownTypeAreDroppedAndUseUpNoWindow() throws Exception {
    try (Paramiko.Server server = Paramiko.Server.start("");
        Channel client = Bench.open(server.exec("unknown", "stderr=pipe", "window=32KiB"))) {
      // It sends four windows of them, as credit comes, and then this.
      ByteBuffer got = client.source().readAll(KIB, Bench.SOON);
      assertEquals("bytes", StandardCharsets.UTF_8.decode(got).toString());
      SshClientFacet facet = Bench.client(client);
      assertEquals(0, facet.errorSource().orElseThrow().readAll(KIB, Bench.SOON).remaining());
      assertEquals(SshExit.of(0), facet.exit(Bench.SOON));
    }
  }

  @Case(seconds = 60)
  void fileHoldsBackWhatItsBufferIsFor() throws Exception {
    try (Bench.Both both = Bench.meet()) {
      Channel client = both.client();
      SshFacet facet = Bench.client(client);
      long before = facet.sendWindow();
      FileMode<String> text = FileMode.text(StandardCharsets.UTF_8);
      ByteFile<String> buffered = client.sink().file(text.withBuffer(16));
      buffered.write("0123456789");
      buffered.write("ab");
      assertEquals(before, facet.sendWindow());
      buffered.write("cdefghi");
      assertEquals(before - 19, facet.sendWindow());
      ByteFile<String> lines = client.sink().file(text.withLineBuffering(true));
      lines.write("a line\nand a part");
      assertEquals(before - 19 - 7, facet.sendWindow());
      lines.flush();
      assertEquals(before - 19 - 17, facet.sendWindow());
      ByteBuffer all = ByteBuffer.allocate(36);
      both.server().source().readFully(all, Bench.SOON);
      assertEquals(
          "0123456789abcdefghia line\nand a part", new String(all.array(), StandardCharsets.UTF_8));
    }
  }

  @Case(seconds = 60)
  void eitherStreamIsHeardByWhoWatchesBoth() throws Exception {
    try (Listener listener = Bench.listen();
        Channel client = Bench.connect(listener, "stderr=pipe");
        Channel server = listener.accept(Bench.SOON)) {
      ByteSource errors = Bench.client(client).errorSource().orElseThrow();
      Signal either = client.source().readable().or(errors.readable());
      assertFalse(either.isSet());
      Bench.server(server).errorSink().writeFully("e", Bench.SOON);
      either.await(Bench.SOON);
      assertFalse(client.source().readable().isSet());
      errors.readFully(ByteBuffer.allocate(1), Bench.SOON);
      assertFalse(either.isSet());
      server.sink().writeFully("o", Bench.SOON);
      either.await(Bench.SOON);
      assertFalse(errors.readable().isSet());
      client.source().readFully(ByteBuffer.allocate(1), Bench.SOON);
      Bench.server(server).errorSink().end();
      server.sink().end();
      // The end stays.
      either.await(Bench.SOON);
      assertEquals(-1, client.source().read(ByteBuffer.allocate(1), Bench.SOON));
      assertTrue(either.isSet());
    }
  }

  @Case(seconds = 60)
  void onePollerServesStandardErrorTheOutputAndTheInput() throws Exception {
    try (Listener listener = Bench.listen("window=32KiB");
        Channel client = Bench.connect(listener, "stderr=pipe");
        Channel server = listener.accept(Bench.SOON);
        Poller poller = Bench.PENSTOCK.poller()) {
      ByteSource errors = Bench.client(client).errorSource().orElseThrow();
      Registration error = poller.register(errors, Framing.lines(99));
      Registration output = poller.register(client.source(), Framing.lines(99));
      SinkRegistration input = poller.register(client.sink());

      Bench.server(server).errorSink().writeFully("e\n", Bench.SOON);
      assertData(error, "e\n", next(poller));
      server.sink().writeFully("o\n", Bench.SOON);
      assertData(output, "o\n", next(poller));

      client.sink().writeFully(ByteBuffer.allocate(32 * KIB), Bench.SOON);
      input.wantWritable();
      assertEquals(List.of(), poller.poll(Wait.none()), "the window is full");
      server.source().readFully(ByteBuffer.allocate(32 * KIB), Bench.SOON);
      PollEvent.Writable writable = assertInstanceOf(PollEvent.Writable.class, next(poller));
      assertSame(client.sink(), writable.sink());

      Bench.server(server).errorSink().end();
      server.sink().end();
      Set<Registration> ended = new HashSet<>();
      while (ended.size() < 2) {
        List<PollEvent> events = poller.poll(Bench.SOON);
        assertFalse(events.isEmpty(), () -> "ended are only " + ended);
        events.forEach(
            each -> ended.add(assertInstanceOf(PollEvent.Ended.class, each).registration()));
      }
      assertEquals(Set.of(error, output), ended);
    }
  }

  private static PollEvent next(Poller poller) throws IOException {
    List<PollEvent> events = poller.poll(Bench.SOON);
    assertEquals(1, events.size(), events::toString);
    return events.get(0);
  }

  private static void assertData(Registration from, String text, PollEvent event) {
    PollEvent.Data data = assertInstanceOf(PollEvent.Data.class, event);
    assertSame(from, data.registration());
    assertEquals(text, StandardCharsets.UTF_8.decode(data.bytes()).toString());
  }

  @Case(seconds = 60)
  void channelsKnowBothAddresses() throws Exception {
    try (Bench.Both both = Bench.meet()) {
      InetSocketAddress there = (InetSocketAddress) both.client().peer().orElseThrow();
      assertTrue(there.getAddress().isLoopbackAddress());
      assertEquals(both.server().local(), both.client().peer());
      assertEquals(both.client().local(), both.server().peer());
    }
  }
}
