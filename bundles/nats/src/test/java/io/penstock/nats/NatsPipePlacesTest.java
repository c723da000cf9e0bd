// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.nats.client.Connection;
import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.error.StorageException;
import io.penstock.error.StreamTruncatedException;
import io.penstock.standalone.Penstock;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Places, streams and damage of pipes on three servers, in each build. */
// A connection of the library's may be interrupted while it closes.
@SuppressWarnings("try")
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class NatsPipePlacesTest extends PipeFaults {
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

  @Test
  void aWriterGivesTheStreamItsCapacity() throws Exception {
    try (Channel reader = reader("");
        Channel writer = writer("&capacity=4MiB")) {
      write(writer, 0, 1000);
      writer.sink().flush(SOON);
      read(reader, 0, 1000);
      assertEquals(promised(4 << 20), maxBytes(info()));
    }
  }

  // ---- damage

  @Test
  void aForeignMessageIsToldOfAndPassed() throws Exception {
    // A writer in the same program hands the reader its records itself, past the message.
    try (Channel writer = writer("&keep=1MiB");
        Penstock apart = Penstock.open();
        Channel reader =
            apart
                .channels()
                .open(
                    Endpoint.parse(place("mode=read&keep=1MiB")), ChannelOptions.defaults(), SOON);
        Connection connection = plain()) {
      write(writer, 0, 1000);
      writer.sink().flush(SOON);
      byte[] garbage = "garbage".getBytes(StandardCharsets.UTF_8);
      // The answer comes when the message has its place, before those of the writer's next records.
      assertNotNull(
          connection.request("penstock.pipe." + name, garbage, Duration.ofSeconds(20)), "stored");
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
