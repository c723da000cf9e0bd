// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats.impl.pipe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.channel.facet.DurableFacet;
import io.penstock.error.StorageException;
import io.penstock.error.StreamTruncatedException;
import io.penstock.nats.impl.link.Link;
import io.penstock.nats.impl.link.LinkException;
import io.penstock.nats.support.Connected;
import io.penstock.nats.support.NatsCluster;
import io.penstock.nats.support.Proxy;
import io.penstock.spi.content.Block;
import io.penstock.spi.content.Mark;
import io.penstock.standalone.Penstock;
import io.penstock.stream.Wait;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Messages that are not where they are looked for: lost, removed, or only not in one copy. */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
class GapTest {
  private static final int EPOCH = 3;
  private static final String PIPE = "gap";
  private static final Wait SOON = Wait.upTo(Duration.ofSeconds(30));

  private static NatsCluster cluster;
  private static Proxy proxy;

  private StandIn servers;

  @BeforeAll
  static void begin() throws Exception {
    cluster = NatsCluster.start(1, "127.0.0.1", "jetstream: disabled\n");
    proxy = new Proxy(cluster.port(0), StandIn.SAID, StandIn.HEARD);
  }

  @AfterAll
  static void end() throws Exception {
    proxy.close();
    cluster.close();
  }

  /** The leader has an opening, and four records of two bytes each. */
  @BeforeEach
  void fill() throws Exception {
    servers = new StandIn(cluster.url(0), PIPE);
    servers.add(Entry.open(EPOCH, 0, 0));
    for (int number = 1; number <= 4; number++) {
      servers.add(record(number, number));
    }
  }

  @AfterEach
  void close() throws Exception {
    servers.close();
  }

  private static Entry record(int number, int acked) {
    byte[] bytes = {(byte) ('a' + number), (byte) ('A' + number)};
    return Entry.data(EPOCH, number, new Block(2L * (number - 1), bytes, 0, 2), 0, acked - 1);
  }

  // ---- the reader

  private static Endpoint place() {
    return place("");
  }

  private static Endpoint place(String keys) {
    String server = "127.0.0.1:" + proxy.port();
    return Endpoint.parse("durable:nats://" + server + "/" + PIPE + "?replicas=1&mode=read" + keys);
  }

  private static String read(Channel reader, int count) throws Exception {
    ByteBuffer all = ByteBuffer.allocate(count);
    reader.source().readFully(all, SOON);
    return new String(all.array(), StandardCharsets.US_ASCII);
  }

  @Test
  void whatOneCopyLeavesOutIsReadFromAnother() throws Exception {
    servers.leftOut.add(3L);
    try (Penstock penstock = Penstock.open();
        Channel reader = penstock.channels().open(place(), ChannelOptions.defaults(), SOON)) {
      assertEquals("bB", read(reader, 2));
      long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
      while (servers.consumers.get() < 4) {
        assertTrue(System.nanoTime() < end, "it asks no other consumer");
        assertEquals(0, reader.source().read(ByteBuffer.allocate(1), Wait.none()));
      }
      servers.leftOut.clear();
      assertEquals("cCdDeE", read(reader, 6));
    }
  }

  @Test
  void whatTheLeaderHasNotEitherIsMissing() throws Exception {
    servers.entries.remove(3L);
    try (Penstock penstock = Penstock.open();
        Channel reader = penstock.channels().open(place(), ChannelOptions.defaults(), SOON)) {
      assertEquals("bB", read(reader, 2));
      StorageException why = assertThrows(StorageException.class, () -> read(reader, 1));
      assertEquals(StorageException.Kind.CORRUPT, why.kind());
      assertTrue(why.getMessage().contains("position 2 are missing"), why.getMessage());
      assertTrue(why.getMessage().contains("position 4"), why.getMessage());
    }
  }

  @Test
  void anOldLeaderDecidesNothing() throws Exception {
    servers.entries.remove(3L);
    servers.tells = 2;
    try (Penstock penstock = Penstock.open();
        Channel reader = penstock.channels().open(place(), ChannelOptions.defaults(), SOON)) {
      assertEquals("bB", read(reader, 2));
      long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
      while (servers.consumers.get() < 4) {
        assertTrue(System.nanoTime() < end, "it does not ask again");
        assertEquals(0, reader.source().read(ByteBuffer.allocate(1), Wait.none()));
      }
      servers.tells = 0;
      assertThrows(StorageException.class, () -> read(reader, 1));
    }
  }

  // ---- the end of a stream, where the next one begins

  /** The leader has a stream of two bytes, one of none, and one that goes on. */
  private void addStreams() {
    servers.entries.clear();
    byte[] first = {'a', 'A'};
    servers.add(Entry.open(1, 0, 0));
    servers.add(Entry.data(1, 1, new Block(0, first, 0, 2), 0, 0));
    servers.add(Entry.mark(1, 2, new Mark(2, null), 0, 1));
    servers.add(Entry.open(2, 2, 1));
    servers.add(Entry.mark(2, 1, new Mark(2, "cut on purpose"), 1, 0));
    byte[] last = {'b'};
    servers.add(Entry.open(3, 2, 2));
    servers.add(Entry.data(3, 1, new Block(2, last, 0, 1), 2, 0));
  }

  /** Twice: at the second time all that the servers have sent has come. */
  private static void commit(Channel reader) throws Exception {
    for (int i = 0; i < 2; i++) {
      reader
          .facet(DurableFacet.class)
          .orElseThrow()
          .commit()
          .toCompletableFuture()
          .get(30, TimeUnit.SECONDS);
    }
  }

  @Test
  void anEndThatWasNotMetIsMetByTheNextReader() throws Exception {
    addStreams();
    try (Penstock penstock = Penstock.open()) {
      Endpoint place = place("&commit=manual");
      try (Channel reader = penstock.channels().open(place, ChannelOptions.defaults(), SOON)) {
        assertEquals("aA", read(reader, 2));
        commit(reader);
      }
      try (Channel reader = penstock.channels().open(place, ChannelOptions.defaults(), SOON)) {
        assertEquals(-1, reader.source().read(ByteBuffer.allocate(9), SOON));
        commit(reader);
      }
      for (int i = 0; i < 2; i++) {
        try (Channel reader = penstock.channels().open(place, ChannelOptions.defaults(), SOON)) {
          StreamTruncatedException cut =
              assertThrows(StreamTruncatedException.class, () -> read(reader, 1));
          assertTrue(cut.getMessage().contains("cut on purpose"), cut.getMessage());
          if (i > 0) {
            commit(reader);
          }
        }
      }
      try (Channel reader = penstock.channels().open(place, ChannelOptions.defaults(), SOON)) {
        assertEquals("b", read(reader, 1));
      }
    }
  }

  // ---- the writer

  private static <T> T with(LinkUse<T> use) throws Exception {
    PipeSettings settings =
        PipeSettings.of(Endpoint.parse(cluster.url(0) + "/" + PIPE), ChannelOptions.defaults());
    try (Link link = Connected.link(settings.link())) {
      return use.apply(new KeyStore(link, settings));
    }
  }

  private interface LinkUse<T> {
    T apply(KeyStore store) throws Exception;
  }

  private static Tail tail(long acked) throws Exception {
    return with(store -> Tail.find(store, EPOCH, acked, 1).get(30, TimeUnit.SECONDS));
  }

  @Test
  void anEntryWithoutAnAnswerIsFoundBehindThoseThatWere() throws Exception {
    Tail tail = tail(2);
    assertTrue(tail.whole());
    assertEquals(0, tail.removed());
    assertEquals(Map.of(2L, 3L, 3L, 4L, 4L, 5L), tail.taken(2));
  }

  /** The reader was quicker than the answer to the writer, which must not wait for ever. */
  @Test
  void whatWasReadAndRemovedWasTaken() throws Exception {
    servers.entries.headMap(5L).clear();
    Tail tail = tail(1);
    assertTrue(tail.whole());
    assertEquals(3, tail.removed());
    assertEquals(Map.of(4L, 5L), tail.taken(1));
  }

  /** The writer must not go on behind the gap as if nothing were missing. */
  @Test
  void whatWasAcknowledgedAndIsGoneIsMissing() throws Exception {
    servers.entries.tailMap(4L).clear();
    assertFalse(tail(3).whole());
    assertEquals(
        "their last message is number 3, which has entry 2; entry 3 was acknowledged",
        tail(3).told(3));
    assertTrue(tail(2).whole());
    servers.entries.clear();
    assertEquals("they have no message; entry 3 was acknowledged", tail(3).told(3));
  }

  @Test
  void anOldLeaderIsAskedAgain() throws Exception {
    servers.entries.headMap(5L).clear();
    servers.tells = 4;
    var why = assertThrows(ExecutionException.class, () -> tail(1));
    assertTrue(Tries.passes(new CompletionException(why.getCause())), String.valueOf(why));
    assertEquals(LinkException.Kind.NO_ANSWER, ((LinkException) why.getCause()).kind());
  }
}
