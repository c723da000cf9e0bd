// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.channel.facet.DurableFacet;
import io.penstock.error.AddressException;
import io.penstock.nats.support.NatsCluster;
import io.penstock.nats.support.Proxy;
import io.penstock.standalone.Penstock;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a pipe on a server does beyond the contract of every pipe. */
@Timeout(120)
class NatsPipeTest {
  private static final Wait SOON = Wait.upTo(Duration.ofSeconds(100));
  private static final AtomicInteger NUMBERS = new AtomicInteger();

  /** As records of one byte they are more than the stream of a small pipe has room for. */
  private static final int MANY = 20_000;

  private static NatsCluster server;
  private static Penstock penstock;

  private final String name = "beyond-" + NUMBERS.incrementAndGet();

  @BeforeAll
  static void begin() throws Exception {
    server = NatsCluster.start(1);
    penstock = Penstock.open();
  }

  @AfterAll
  static void end() throws Exception {
    penstock.close();
    server.close();
  }

  private Channel end(Penstock from, int port, String keys) throws IOException {
    String place = "durable:nats://127.0.0.1:" + port + "/" + name + "?replicas=1&" + keys;
    return from.channels().open(Endpoint.parse(place), ChannelOptions.defaults(), SOON);
  }

  private Channel end(String keys) throws IOException {
    return end(penstock, server.port(0), keys);
  }

  private static CompletableFuture<Void> writing(Channel writer) {
    return CompletableFuture.runAsync(
        () -> {
          try {
            for (int i = 0; i < MANY; i++) {
              writer.sink().writeFully(FaultMain.bytes(i, 1), SOON);
            }
            writer.sink().flush(SOON);
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        });
  }

  private static void read(Channel reader, long at, int count) throws IOException {
    ByteBuffer some = ByteBuffer.allocate(count);
    reader.source().readFully(some, SOON);
    FaultMain.check(some.flip(), at);
  }

  @Test
  void oneReadMayGatherMoreThanTheStreamHasRoomFor() throws Exception {
    try (Channel writer = end("mode=write&capacity=64KiB&window=64KiB&sync=each");
        Channel reader = end("mode=read")) {
      CompletableFuture<Void> written = writing(writer);
      read(reader, 0, MANY);
      written.get(100, TimeUnit.SECONDS);
    }
  }

  @Test
  void aHistoryOfSmallRecordsIsKeptWhole() throws Exception {
    String keep = "&keep=1MiB";
    try (Channel writer = end("mode=write&capacity=64KiB&window=64KiB&sync=each" + keep);
        Channel reader = end("mode=read" + keep)) {
      CompletableFuture<Void> written = writing(writer);
      for (int at = 0; at < MANY; at += 100) {
        read(reader, at, 100);
      }
      written.get(100, TimeUnit.SECONDS);
    }
    // The stream is fuller than it is made for, and stays so.
    try (Channel writer = end("mode=write&capacity=64KiB&window=64KiB" + keep);
        Channel reader = end("mode=read" + keep)) {
      assertEquals(MANY, writer.facet(DurableFacet.class).orElseThrow().acknowledged());
      reader.facet(DurableFacet.class).orElseThrow().replay(0);
      read(reader, 0, MANY);
    }
  }

  @Test
  void aHolderThatConnectsAnewKeepsItsClaim() throws Exception {
    try (Proxy proxy = new Proxy(server.port(0));
        Penstock apart = Penstock.open();
        Channel holder = end(apart, proxy.port(), "mode=write");
        Channel reader = end("mode=read")) {
      proxy.cut();
      proxy.restore();
      AddressException refused =
          assertThrows(AddressException.class, () -> end("mode=write").close());
      assertEquals(AddressException.Kind.IN_USE, refused.kind());
      holder.sink().writeFully(FaultMain.bytes(0, 9), SOON);
      holder.sink().flush(SOON);
      read(reader, 0, 9);
    }
  }

  // ---- the stop of the product

  @Test
  void aStopCommitsWhatWasRead() throws Exception {
    int some = 100_000;
    long shortest = Long.MAX_VALUE;
    try (Channel writer = end("mode=write")) {
      for (int from = 0; from < 10 * some; from += some) {
        writer.sink().writeFully(FaultMain.bytes(from, some), SOON);
        Penstock apart = Penstock.open();
        Channel reader = end(apart, server.port(0), "mode=read");
        for (int at = from; at < from + some; at += 1000) {
          read(reader, at, 1000);
        }
        long begun = System.nanoTime();
        apart.close();
        shortest = Math.min(shortest, System.nanoTime() - begun);
        try (Channel next = end("mode=read&commit=manual")) {
          assertEquals(from + some, next.facet(DurableFacet.class).orElseThrow().position());
        }
      }
    }
    // Some seconds later it gives up.
    assertTrue(shortest < TimeUnit.SECONDS.toNanos(4), "each stop waits in vain");
  }

  @Test
  void aStopKeepsWhatWasWritten() throws Exception {
    int some = 400_000;
    Penstock apart = Penstock.open();
    end(apart, server.port(0), "mode=write").sink().writeFully(FaultMain.bytes(0, some), SOON);
    apart.close();
    try (Channel reader = end("mode=read")) {
      read(reader, 0, some);
    }
  }
}
