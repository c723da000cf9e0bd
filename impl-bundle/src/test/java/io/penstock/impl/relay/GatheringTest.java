// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.relay;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Listener;
import io.penstock.channel.facet.BufferFacet;
import io.penstock.impl.core.SinkEnd;
import io.penstock.impl.kind.Peers;
import io.penstock.impl.posix.Modes;
import io.penstock.relay.Relay;
import io.penstock.relay.RelayOptions;
import io.penstock.standalone.Penstock;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.zip.CRC32;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** A relay gathers small pieces while bytes go both ways, and holds nothing up by that. */
@EnabledOnOs(OS.LINUX)
class GatheringTest {
  private static final Wait SOON = Wait.upTo(Duration.ofSeconds(20));
  private static final ChannelOptions PLAIN = ChannelOptions.defaults();
  private static final int CHUNK = 8 * 1024;
  private static final long NOW = 5_000_000_000L;
  private static final int SMALL = Gathering.ENOUGH - 1;
  private static final int TOTAL = 16 << 20;

  /** One for each: all four block. */
  private static final Executor THREADS = task -> new Thread(task).start();

  @TempDir Path folder;

  private final Penstock penstock = Modes.open("jna");
  private int sockets;
  private Channel left;
  private Channel right;
  private Channel outer;
  private Relay relay;

  @BeforeEach
  void open() throws IOException {
    Channel[] first = connected();
    Channel[] second = connected();
    left = first[0];
    outer = second[0];
    right = second[1];
    relay =
        penstock.relays().create(first[1], outer, RelayOptions.defaults().withSendBufferLimit(0));
  }

  @AfterEach
  void close() {
    penstock.close();
  }

  private Channel[] connected() throws IOException {
    Endpoint at = Endpoint.parse("unix-listen:" + folder.resolve("s" + sockets++));
    try (Listener listener = penstock.channels().listen(at, PLAIN)) {
      Endpoint here = Endpoint.parse(listener.endpoint().toString().replace("-listen", ""));
      return new Channel[] {penstock.channels().open(here, PLAIN, SOON), listener.accept(SOON)};
    }
  }

  @Test
  void smallPiecesInARowAreGatheredWhileTheOtherDirectionIsBusy() {
    SinkEnd sink = (SinkEnd) outer.sink();
    Gathering gathering = new Gathering(sink.engine(), sink);
    assertFalse(gathering.begins(SMALL, NOW, NOW), "a request");
    assertTrue(gathering.begins(SMALL, NOW, NOW - Gathering.LATELY_NANOS));
    gathering.over();
    assertFalse(gathering.begins(SMALL, NOW, NOW), "the first one after a wait");
    assertFalse(gathering.begins(SMALL + 1, NOW, NOW), "a large one");
    assertFalse(gathering.begins(SMALL, NOW, 0), "nothing goes back");
    assertFalse(gathering.begins(SMALL, NOW, NOW - Gathering.LATELY_NANOS - 1), "or did long ago");
    assertEquals(1, gathering.count());
    assertTrue(gathering.begins(SMALL, NOW, NOW));
    assertEquals(2, gathering.count());
  }

  @Test
  void theOtherDirectionIsBusyIfItHasMovedMuchOfLate() {
    assertFalse(Gathering.bothBusy(NOW, 0), "it never has");
    assertFalse(Gathering.bothBusy(NOW, NOW - Gathering.LATELY_NANOS - 1), "long ago");
    assertTrue(Gathering.bothBusy(NOW, NOW - Gathering.LATELY_NANOS));
    assertTrue(Gathering.bothBusy(NOW, NOW + 1), "since this one has");
  }

  /** The selector is silent while a quarter of the buffer waits, and the reader may want more. */
  @Test
  void goesOnThoughNobodyReads() throws IOException {
    goesOn(Gathering.LONGEST, 50);
  }

  /** A thread may stand still for longer than the limit in the middle of beginning to wait. */
  @Test
  void goesOnThoughTheLimitPassesWhileItBegins() throws IOException {
    goesOn(Duration.ZERO, 5000);
  }

  private void goesOn(Duration longest, int times) throws IOException {
    SinkEnd sink = (SinkEnd) outer.sink();
    int size = outer.facet(BufferFacet.class).orElseThrow().sendBuffer();
    sink.writeFully(ByteBuffer.allocate(size / 2), SOON);
    Gathering gathering = new Gathering(sink.engine(), sink, longest);
    for (int i = 0; i < times; i++) {
      long now = System.nanoTime();
      boolean unused = gathering.begins(SMALL, now, now);
      assertTrue(gathering.begins(SMALL, now, now));
      CompletableFuture<Void> ready = new CompletableFuture<>();
      sink.whenReady(() -> ready.complete(null));
      ready.orTimeout(20, TimeUnit.SECONDS).join();
      gathering.over();
    }
    assertTrue(sink.write(ByteBuffer.allocate(1), Wait.none()) > 0, "there was room");
  }

  @Test
  void bytesArriveUnchangedWhileTheyGoBothWays() throws Exception {
    fast();
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    do {
      bothWays(CHUNK);
    } while ((gathered(true) == 0 || gathered(false) == 0) && System.nanoTime() < end);
    assertTrue(gathered(true) > 0, "there");
    assertTrue(gathered(false) > 0, "back");
    bothWays(64 * 1024);
    bothWays(1000);
  }

  @Test
  void nothingIsGatheredOneWayWithAcknowledgements() throws Exception {
    fast();
    int chunks = TOTAL / CHUNK;
    CompletableFuture<Long> out = sending(left, CHUNK, 1);
    ByteBuffer buffer = ByteBuffer.allocate(CHUNK);
    CompletableFuture<Void> answers =
        CompletableFuture.runAsync(
            () -> {
              try {
                left.source().readFully(ByteBuffer.allocate(chunks), SOON);
              } catch (IOException e) {
                throw new AssertionError(e);
              }
            },
            THREADS);
    for (int i = 0; i < chunks; i++) {
      right.source().readFully(buffer.clear(), SOON);
      right.sink().writeFully(ByteBuffer.allocate(1), SOON);
    }
    assertTrue(out.get(20, TimeUnit.SECONDS) != 0);
    answers.get(20, TimeUnit.SECONDS);
    assertEquals(0, gathered(true));
  }

  /** Has both directions find their way without copies, by pieces whose size is known. */
  private void fast() throws IOException {
    relay.start();
    for (Channel[] way : new Channel[][] {{right, left}, {left, right}}) {
      for (int moved = 0; moved < 12 << 20; moved += CHUNK) {
        way[0].sink().writeFully(ByteBuffer.allocate(CHUNK), SOON);
        way[1].source().readFully(ByteBuffer.allocate(CHUNK), SOON);
      }
    }
    Peers.eventually("both have it", () -> direction(true).splicePipe() > 0);
    Peers.eventually("both have it", () -> direction(false).splicePipe() > 0);
  }

  private RelayDirection direction(boolean there) {
    Conversation only = ((DrivenRelay) relay).talks().get(0);
    return Objects.requireNonNull(only.direction(there));
  }

  private int gathered(boolean there) {
    return direction(there).gathered();
  }

  private void bothWays(int chunk) throws Exception {
    CompletableFuture<Long> thereOut = sending(left, chunk, 1);
    CompletableFuture<Long> backOut = sending(right, chunk, 2);
    CompletableFuture<Long> thereIn = receiving(right);
    CompletableFuture<Long> backIn = receiving(left);
    assertEquals(thereOut.get(20, TimeUnit.SECONDS), thereIn.get(20, TimeUnit.SECONDS));
    assertEquals(backOut.get(20, TimeUnit.SECONDS), backIn.get(20, TimeUnit.SECONDS));
  }

  private static CompletableFuture<Long> sending(Channel from, int chunk, int seed) {
    return CompletableFuture.supplyAsync(
        () -> {
          Random random = new Random(seed);
          CRC32 sum = new CRC32();
          byte[] bytes = new byte[chunk];
          try {
            for (int left = TOTAL; left > 0; left -= chunk) {
              random.nextBytes(bytes);
              int n = Math.min(left, chunk);
              sum.update(bytes, 0, n);
              from.sink().writeFully(ByteBuffer.wrap(bytes, 0, n), SOON);
            }
          } catch (IOException e) {
            throw new AssertionError(e);
          }
          return sum.getValue();
        },
        THREADS);
  }

  private static CompletableFuture<Long> receiving(Channel to) {
    return CompletableFuture.supplyAsync(
        () -> {
          CRC32 sum = new CRC32();
          ByteBuffer buffer = ByteBuffer.allocate(100_000);
          try {
            for (int left = TOTAL; left > 0; ) {
              buffer.clear().limit(Math.min(left, buffer.capacity()));
              left -= to.source().read(buffer, SOON);
              sum.update(buffer.flip());
            }
          } catch (IOException e) {
            throw new AssertionError(e);
          }
          return sum.getValue();
        },
        THREADS);
  }
}
