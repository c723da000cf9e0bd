// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Listener;
import io.penstock.impl.core.End;
import io.penstock.pipe.Pipe;
import io.penstock.pipe.PipeOptions;
import io.penstock.poller.Poller;
import io.penstock.relay.Relay;
import io.penstock.relay.RelayOptions;
import io.penstock.runtime.ChannelDTO;
import io.penstock.runtime.ListenerDTO;
import io.penstock.runtime.PipeDTO;
import io.penstock.runtime.RelayDTO;
import io.penstock.runtime.RuntimeDTO;
import io.penstock.runtime.WaitDTO;
import io.penstock.standalone.Penstock;
import io.penstock.stream.Framing;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;

/** What operators are told of what there is. */
class CensusTest {
  private static final Wait SOON = Wait.upTo(Duration.ofSeconds(20));

  private final Penstock penstock = Penstock.open();

  @AfterEach
  void close() {
    penstock.close();
  }

  private RuntimeDTO look() {
    return penstock.runtime().runtime();
  }

  /** Often, because the writer may begin to wait in the middle of a look. */
  @RepeatedTest(100)
  void aFullPipeTellsWhoWaitsAndWhere() throws Exception {
    Pipe pipe = penstock.pipes().create(PipeOptions.defaults().withName("full").withCapacity(64));
    CompletableFuture<Void> wrote = new CompletableFuture<>();
    Thread writer =
        new Thread(
            () -> {
              try {
                pipe.sink().writeFully(ByteBuffer.allocate(100), SOON);
                wrote.complete(null);
              } catch (IOException e) {
                wrote.completeExceptionally(e);
              }
            },
            "slow writer");
    writer.start();
    PipeDTO seen = look().pipes().get(0);
    while (seen.sink().waiting().isEmpty()) {
      assertFalse(wrote.isDone(), "the writer did not wait");
      LockSupport.parkNanos(200_000);
      seen = look().pipes().get(0);
    }
    assertEquals("full", seen.name());
    assertEquals(64, seen.capacity());
    assertEquals(64, seen.buffered());
    assertEquals(64, seen.highWater());
    assertEquals(64, seen.sink().bytes().total());
    assertEquals(64, seen.source().buffered());
    WaitDTO waiter = seen.sink().waiting().get(0);
    assertEquals("slow writer", waiter.thread());
    assertTrue(look().at() - waiter.since() < 20_000, waiter.toString());
    assertTrue(
        waiter.stack().stream().anyMatch(line -> line.contains("CensusTest")), waiter.toString());
    pipe.source().readFully(ByteBuffer.allocate(100), SOON);
    wrote.get(20, TimeUnit.SECONDS);
    assertEquals(100, look().pipes().get(0).source().bytes().total());
    assertTrue(look().pipes().get(0).sink().waits() > 0);
  }

  @Test
  void whatIsToldOfAPipeThatMovesAddsUpAndNeverFalls() throws Exception {
    Pipe pipe = penstock.pipes().create(PipeOptions.defaults().withCapacity(1000));
    CompletableFuture<Void> writing =
        CompletableFuture.runAsync(
            () -> {
              try {
                while (true) {
                  pipe.sink().writeFully(ByteBuffer.allocate(7), SOON);
                }
              } catch (IOException closed) {
                // Enough was seen.
              }
            },
            task -> new Thread(task).start());
    CompletableFuture<Void> reading =
        CompletableFuture.runAsync(
            () -> {
              ByteBuffer bytes = ByteBuffer.allocate(13);
              try {
                while (pipe.source().read(bytes.clear(), SOON) >= 0) {
                  // On and on.
                }
              } catch (IOException closed) {
                // Enough was seen.
              }
            },
            task -> new Thread(task).start());
    PipeDTO before = look().pipes().get(0);
    for (int i = 0; i < 20_000 || before.source().bytes().total() == 0; i++) {
      PipeDTO now = look().pipes().get(0);
      long written = now.sink().bytes().total();
      long read = now.source().bytes().total();
      assertEquals(now.buffered(), written - read, now::toString);
      assertTrue(now.buffered() >= 0 && now.buffered() <= now.capacity(), now::toString);
      assertTrue(written >= before.sink().bytes().total(), () -> "after more: " + now);
      assertTrue(read >= before.source().bytes().total(), () -> "after more: " + now);
      before = now;
    }
    pipe.close();
    writing.get(20, TimeUnit.SECONDS);
    reading.get(20, TimeUnit.SECONDS);
  }

  @Test
  void everyKindOfObjectIsThereAsLongAsItIsOpen() throws Exception {
    Listener listener = penstock.channels().listen("tcp-listen://127.0.0.1:0");
    String there = listener.endpoint().toString().replace("-listen", "");
    Channel client = penstock.channels().open(there);
    Channel server = listener.accept(SOON);
    client.sink().writeFully("tea", SOON);
    server.source().readFully(ByteBuffer.allocate(3), SOON);
    Poller poller = penstock.poller();
    poller.register(server.source(), Framing.lines(99));
    Relay relay =
        penstock
            .relays()
            .create(
                Endpoint.parse("tcp-listen://127.0.0.1:0"),
                Endpoint.parse(there),
                RelayOptions.defaults().withFork(true).withName("through"));
    relay.start();

    RuntimeDTO seen = look();
    assertEquals(2, seen.channels().size());
    ChannelDTO told =
        seen.channels().stream().filter(each -> each.kind().equals("tcp")).findFirst().get();
    assertEquals(3, told.sink().bytes().total());
    assertEquals(1, told.sink().operations().total());
    assertEquals(ChannelDTO.State.CONNECTED, told.state());
    ChannelDTO other =
        seen.channels().stream().filter(each -> each.id() != told.id()).findFirst().get();
    assertEquals(3, other.source().bytes().total());
    assertTrue(other.source().polled());
    assertFalse(told.source().polled());
    ListenerDTO bound =
        seen.listeners().stream()
            .filter(each -> each.endpoint().equals(listener.endpoint().toString()))
            .findFirst()
            .get();
    assertEquals(1, bound.accepted().total());
    assertEquals(1, bound.connections());
    RelayDTO through = seen.relays().get(0);
    assertEquals("through", through.name());
    assertEquals(1, seen.pollers().get(0).registered());
    assertTrue(seen.resources().descriptors() != 0);
    assertEquals(
        seen.channels().stream().map(ChannelDTO::id).toList(),
        look().channels().stream().map(ChannelDTO::id).toList());

    listener.pause();
    assertTrue(look().listeners().stream().anyMatch(each -> "paused".equals(each.held())));
    relay.close();
    poller.close();
    server.close();
    client.close();
    listener.close();
    RuntimeDTO empty = look();
    assertEquals(0, empty.channels().size() + empty.listeners().size() + empty.relays().size());
    assertEquals(0, empty.pollers().size());
  }

  @Test
  void aLostConnectionTellsWhy() throws Exception {
    Listener listener = penstock.channels().listen("tcp-listen://127.0.0.1:0");
    Channel client =
        penstock.channels().open(listener.endpoint().toString().replace("-listen", ""));
    Channel server = listener.accept(SOON);
    client.abort(new IOException("gone away"));
    assertThrows(IOException.class, () -> server.source().readFully(ByteBuffer.allocate(1), SOON));
    ChannelDTO seen = look().channels().get(0);
    assertEquals(ChannelDTO.State.FAILED, seen.state());
    assertNotNull(seen.fault());
    assertEquals(1, seen.fault().count());
  }

  @Test
  void failuresOfBothEndsAreCounted() throws Exception {
    Listener listener = penstock.channels().listen("tcp-listen://127.0.0.1:0");
    Channel client =
        penstock.channels().open(listener.endpoint().toString().replace("-listen", ""));
    Channel server = listener.accept(SOON);
    client.abort(new IOException("gone away"));
    for (int i = 0; i < 3; i++) {
      assertThrows(
          IOException.class, () -> server.source().readFully(ByteBuffer.allocate(1), SOON));
    }
    ChannelDTO read = look().channels().get(0);
    assertNotNull(read.fault());
    assertEquals(1, read.fault().count(), "three reads have met one failure");
    while (System.currentTimeMillis() <= read.fault().at()) {
      // The write is to fail later.
      Thread.onSpinWait();
    }
    assertThrows(IOException.class, () -> server.sink().writeFully(ByteBuffer.allocate(1), SOON));
    ChannelDTO written = look().channels().get(0);
    assertNotNull(written.fault());
    assertEquals(2, written.fault().count());
    assertTrue(written.fault().at() > read.fault().at());
  }

  @Test
  void aHeldSourceGivesNothingUntilItIsReleased() throws Exception {
    Pipe pipe = penstock.pipes().create(PipeOptions.defaults());
    End source = (End) pipe.source();
    assertTrue(source.hold());
    pipe.sink().writeFully("tea", SOON);
    assertEquals(0, pipe.source().read(ByteBuffer.allocate(3), Wait.none()));
    assertTrue(look().pipes().get(0).source().paused());
    CompletableFuture<byte[]> read =
        CompletableFuture.supplyAsync(
            () -> {
              try {
                byte[] got = new byte[3];
                pipe.source().readFully(ByteBuffer.wrap(got), SOON);
                return got;
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              }
            });
    source.release();
    assertEquals("tea", new String(read.get(20, TimeUnit.SECONDS), StandardCharsets.US_ASCII));
    assertTrue(source.hold());
    pipe.close();
    assertFalse(source.isHeld());
  }
}
