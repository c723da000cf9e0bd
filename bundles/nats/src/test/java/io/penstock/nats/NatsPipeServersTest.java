// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.nats.client.Connection;
import io.nats.client.support.JsonValueUtils;
import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.error.StorageException;
import io.penstock.error.StreamTruncatedException;
import io.penstock.nats.support.Child;
import io.penstock.standalone.Penstock;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/** Bounds, places, streams and damage of pipes on three servers. */
// A connection of the library's may be interrupted while it closes.
@SuppressWarnings("try")
@Timeout(900)
// It takes minutes, and its limits are those of servers that have a processor for themselves.
@EnabledIfSystemProperty(named = "penstock.nats.long", matches = "true")
class NatsPipeServersTest extends PipeFaults {
  // ---- bounds

  @Test
  void aSlowReaderBoundsWhatTheServersKeep() throws Exception {
    try (Child writer = child("write", "&capacity=4MiB", 1);
        Channel reader = reader("")) {
      writer.await("acknowledged", 3_000_000, LONG);
      long most = 0;
      long at = 0;
      for (int i = 0; i < 20; i++) {
        read(reader, at, 400_000);
        at += 400_000;
        most = Math.max(most, bytes(info()));
      }
      say("4 MiB of capacity take up " + most + " bytes");
      assertTrue(most < 10L << 20, most + " bytes");
      writer.kill();
      try (Channel next = writer("&capacity=4MiB")) {
        read(reader, at, (int) (facet(next).acknowledged() - at));
      }
      awaitFewer(1 << 20);
    }
  }

  @Test
  void recordsOfOneByteWaitForTheServers() throws Exception {
    int count = 60_000;
    try (Channel writer = writer("&capacity=1MiB&window=64KiB&sync=each");
        Channel reader = reader("")) {
      Thread thread =
          new Thread(
              () -> {
                try {
                  for (int i = 0; i < count; i++) {
                    write(writer, i, 1);
                  }
                  writer.sink().flush(SOON);
                } catch (IOException e) {
                  e.printStackTrace();
                }
              });
      thread.start();
      long full = 0;
      try (Connection connection = plain()) {
        long most =
            JsonValueUtils.readLong(
                JsonValueUtils.readObject(info(connection, name), "config"), "max_bytes", -1);
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(LONG);
        while (full < most - 1000 && System.nanoTime() < deadline && thread.isAlive()) {
          full = bytes(info(connection, name));
        }
        say("records of one byte take up " + full + " of " + most + " bytes");
        assertTrue(full >= most - 1000, full + " of " + most);
      }
      // What a long read has gathered stays on the servers.
      for (int at = 0; at < count; at += 1000) {
        read(reader, at, 1000);
      }
      thread.join();
      awaitFewer(1 << 20);
    }
  }

  @Test
  void aWriterGivesTheStreamItsCapacity() throws Exception {
    try (Channel reader = reader("");
        Channel writer = writer("&capacity=4MiB")) {
      write(writer, 0, 1000);
      writer.sink().flush(SOON);
      read(reader, 0, 1000);
    }
  }

  @Test
  void bothEndsMayMakeThePipeAtTheSameTime() throws Exception {
    for (int round = 0; round < 6; round++) {
      String place = place("").replace(name, name + "-" + round);
      CompletableFuture<Channel> other =
          CompletableFuture.supplyAsync(
              () -> {
                try {
                  return penstock
                      .channels()
                      .open(
                          Endpoint.parse(place + "mode=write&capacity=8MiB"),
                          ChannelOptions.defaults(),
                          SOON);
                } catch (IOException e) {
                  throw new UncheckedIOException(e);
                }
              });
      try (Channel reader =
              penstock
                  .channels()
                  .open(Endpoint.parse(place + "mode=read"), ChannelOptions.defaults(), SOON);
          Channel writer = other.get(LONG, TimeUnit.SECONDS)) {
        write(writer, 0, 1000);
        writer.sink().flush(SOON);
        read(reader, 0, 1000);
      }
    }
  }

  // ---- places and streams

  @Test
  void replaysFromAnyPlace() throws Exception {
    int end = 300_001;
    try (Channel writer = writer("&keep=1MiB");
        Channel reader = reader("&keep=1MiB")) {
      write(writer, 0, end);
      writer.sink().flush(SOON);
      read(reader, 0, end);
      for (long at : new long[] {0, 1, 65_535, 65_536, 65_537, 200_000, end - 1, end, 0}) {
        facet(reader).replay(at);
        read(reader, at, (int) (end - at));
      }
    }
    try (Channel reader = reader("&keep=1MiB")) {
      for (long at : new long[] {0, 1, 65_535, 200_000, end - 1, 3}) {
        facet(reader).replay(at);
        read(reader, at, (int) (end - at));
      }
    }
  }

  @Test
  void streamsFollowOneAnotherAtAnyLength() throws Exception {
    int[] lengths = {0, 1, 70_001, 65_536, 3};
    long at = 0;
    for (int length : lengths) {
      try (Channel writer = writer("")) {
        assertEquals(at, facet(writer).acknowledged());
        write(writer, at, length);
        writer.sink().end();
        writer.sink().flush(SOON);
      }
      at += length;
    }
    try (Channel writer = writer("")) {
      write(writer, at, 5);
      writer.abort(new IOException("cut on purpose"));
    }
    try (Channel writer = writer("")) {
      write(writer, at + 5, 7);
      writer.sink().end();
    }
    at = 0;
    for (int length : lengths) {
      try (Channel reader = reader("")) {
        read(reader, at, length);
        assertEquals(-1, reader.source().read(ByteBuffer.allocate(9), SOON));
      }
      at += length;
    }
    try (Channel reader = reader("")) {
      read(reader, at, 5);
      StreamTruncatedException cut =
          assertThrows(
              StreamTruncatedException.class,
              () -> reader.source().read(ByteBuffer.allocate(9), SOON));
      assertTrue(cut.getMessage().contains("cut on purpose"), cut.getMessage());
    }
    try (Channel reader = reader("")) {
      read(reader, at + 5, 7);
      assertEquals(-1, reader.source().read(ByteBuffer.allocate(9), SOON));
    }
  }

  // ---- damage

  @Test
  void aForeignMessageIsToldOfAndPassed() throws Exception {
    try (Channel writer = writer("&keep=1MiB");
        Channel reader = reader("&keep=1MiB");
        Connection connection = plain()) {
      write(writer, 0, 1000);
      writer.sink().flush(SOON);
      byte[] garbage = "garbage".getBytes(StandardCharsets.UTF_8);
      connection.publish("penstock.pipe." + name, garbage);
      connection.flush(Duration.ofSeconds(5));
      write(writer, 1000, 200_000);
      writer.sink().flush(SOON);
      read(reader, 0, 1000);
      StorageException told =
          assertThrows(
              StorageException.class, () -> reader.source().read(ByteBuffer.allocate(9), SOON));
      assertEquals(StorageException.Kind.CORRUPT, told.kind());
      assertEquals(1000, told.count());
      assertTrue(told.getMessage().contains("position 1000"), told.getMessage());
      facet(reader).replay(1000);
      read(reader, 1000, 200_000);
      write(writer, 201_000, 1000);
      read(reader, 201_000, 1000);
      facet(reader).replay(500);
      read(reader, 500, 201_500);
    }
  }

  @Test
  void foreignMessagesAmongManyEntriesCostNoByte() throws Exception {
    int count = 4_000_000;
    try (Channel writer = writer("&block=4KiB");
        Connection connection = plain()) {
      Thread thread =
          new Thread(
              () -> {
                for (int i = 0; i < 40; i++) {
                  connection.publish("penstock.pipe." + name, new byte[] {1});
                  try {
                    connection.flush(Duration.ofSeconds(5));
                    pause(Duration.ofMillis(20));
                  } catch (Exception e) {
                    return;
                  }
                }
              });
      thread.start();
      for (int at = 0; at < count; at += 10_000) {
        write(writer, at, 10_000);
      }
      writer.sink().flush(SOON);
      thread.join();
    }
    int told = 0;
    try (Channel writer = writer("");
        Channel reader = reader("")) {
      assertEquals(count, facet(writer).acknowledged());
      ByteBuffer some = ByteBuffer.allocate(10_000);
      for (long at = 0; at < count; ) {
        try {
          int n = reader.source().read(some.clear(), SOON);
          FaultMain.check(some.flip(), at);
          at += n;
        } catch (StorageException e) {
          told++;
          assertEquals(at, e.count(), e.getMessage());
          assertTrue(e.getMessage().contains("at position " + at), e.getMessage());
          facet(reader).replay(at);
        }
      }
    }
    say(told + " foreign messages among " + count + " bytes");
    assertTrue(told > 0);
  }

  // ---- the end

  @Test
  void nothingStaysBehind() throws Exception {
    try (Penstock other = Penstock.open()) {
      long before = threads();
      for (int i = 0; i < 2; i++) {
        try (Channel writer =
            other
                .channels()
                .open(Endpoint.parse(place("mode=write")), ChannelOptions.defaults(), SOON)) {
          write(writer, facet(writer).acknowledged(), 100);
        }
      }
      awaitThreads(before);
    }
    long before = threads();
    Penstock other = Penstock.open();
    Channel unused =
        other.channels().open(Endpoint.parse(place("mode=write")), ChannelOptions.defaults(), SOON);
    other.close();
    awaitThreads(before);
  }

  private static long threads() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(each -> each.getName().matches("(?i).*(penstock-nats|nats:|jnats).*"))
        .count();
  }

  private static void awaitThreads(long most) throws Exception {
    for (int i = 0; threads() > most && i < 100; i++) {
      pause(Duration.ofMillis(100));
    }
    assertTrue(
        threads() <= most,
        () -> Thread.getAllStackTraces().keySet().stream().map(Thread::getName).toList() + "");
  }
}
