// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.nats.client.Connection;
import io.nats.client.Message;
import io.nats.client.Subscription;
import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.channel.facet.DurableFacet;
import io.penstock.error.StorageException;
import io.penstock.error.StreamTimeoutException;
import io.penstock.nats.support.NatsCluster;
import io.penstock.nats.support.Proxy;
import io.penstock.standalone.Penstock;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What reaches the server late, when another writer or reader is there or on its way. */
@SuppressWarnings("try")
@Timeout(120)
class NatsPipeLateTest {
  private static final Wait SOON = Wait.upTo(Duration.ofSeconds(40));
  private static final AtomicInteger NUMBERS = new AtomicInteger();
  private static final String RECORD = "HPUB penstock.pipe.";
  private static final String COMMIT = "HPUB penstock.key.";
  private static final int MANY = 5000;

  private static NatsCluster server;
  private static Penstock penstock;

  private final String name = "late-" + NUMBERS.incrementAndGet();

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

  private Channel end(int port, String keys) throws IOException {
    String place = "durable:nats://127.0.0.1:" + port + "/" + name + "?replicas=1&" + keys;
    return penstock.channels().open(Endpoint.parse(place), ChannelOptions.defaults(), SOON);
  }

  private Channel end(String keys) throws IOException {
    return end(server.port(0), keys);
  }

  private static DurableFacet facet(Channel end) {
    return end.facet(DurableFacet.class).orElseThrow();
  }

  private static void write(Channel writer, long at, int count) throws IOException {
    writer.sink().writeFully(FaultMain.bytes(at, count), SOON);
    writer.sink().flush(SOON);
  }

  private static void read(Channel reader, long at, int count) throws IOException {
    ByteBuffer some = ByteBuffer.allocate(count);
    reader.source().readFully(some, SOON);
    FaultMain.check(some.flip(), at);
  }

  private static void commit(Channel reader) throws Exception {
    Object unused = facet(reader).commit().toCompletableFuture().get(40, TimeUnit.SECONDS);
  }

  private static Connection plain() throws Exception {
    return NatsCluster.connect(server.url(0));
  }

  private long last(Connection connection) throws Exception {
    return connection
        .jetStreamManagement()
        .getStreamInfo("penstock-" + name)
        .getStreamState()
        .getLastSequence();
  }

  /** Waits until the record at a position of the first writer has come to the server. */
  private static void awaitRecord(Subscription heard, long position) throws Exception {
    String header;
    do {
      Message message = heard.nextMessage(Duration.ofSeconds(30));
      assertNotNull(message, "the record does not come");
      header = message.getHeaders().getFirst("Penstock");
    } while (!header.matches("D 1 \\d+ " + position + " .*"));
  }

  @Test
  void aRecordThatComesAfterTheTakeOverIsNotStored() throws Exception {
    try (Proxy proxy = new Proxy(server.port(0));
        Connection connection = plain();
        Channel reader = end("mode=read");
        Channel late = end(proxy.port(), "mode=write")) {
      write(late, 0, 1000);
      Subscription heard = connection.subscribe("penstock.pipe." + name);
      connection.flush(Duration.ofSeconds(20));
      proxy.hold(RECORD);
      late.sink().writeFully(FaultMain.bytes(9000, 1000), SOON);
      proxy.awaitHeld();
      try (Channel heir = end("mode=write&takeover=true")) {
        assertEquals(1000, facet(heir).acknowledged());
        write(heir, 1000, 1000);
        long before = last(connection);
        proxy.release();
        awaitRecord(heard, 1000);
        write(heir, 2000, 1000);
        assertEquals(before + 1, last(connection), "the late record is stored");
        StorageException fenced =
            assertThrows(StorageException.class, () -> late.sink().flush(SOON));
        assertEquals(StorageException.Kind.FENCED, fenced.kind());
        assertEquals(1000, fenced.count());
      }
      read(reader, 0, 3000);
      assertEquals(0, reader.source().available());
    }
  }

  /** The next writer has looked for the end already, and its first record is on its way. */
  @Test
  void aRecordThatComesDuringTheTakeOverIsKept() throws Exception {
    try (Proxy first = new Proxy(server.port(0));
        Proxy second = new Proxy(server.port(0));
        Connection connection = plain();
        Channel reader = end("mode=read");
        Channel late = end(first.port(), "mode=write")) {
      write(late, 0, 1000);
      Subscription heard = connection.subscribe("penstock.pipe." + name);
      connection.flush(Duration.ofSeconds(20));
      first.hold(RECORD);
      late.sink().writeFully(FaultMain.bytes(1000, 1000), SOON);
      first.awaitHeld();
      second.hold(RECORD);
      CompletableFuture<Channel> opening =
          CompletableFuture.supplyAsync(
              () -> {
                try {
                  return end(second.port(), "mode=write&takeover=true");
                } catch (IOException e) {
                  throw new UncheckedIOException(e);
                }
              });
      second.awaitHeld();
      long before = last(connection);
      first.release();
      awaitRecord(heard, 1000);
      while (last(connection) == before) {
        Thread.onSpinWait();
      }
      second.release();
      try (Channel heir = opening.get(40, TimeUnit.SECONDS)) {
        assertEquals(2000, facet(heir).acknowledged());
        write(heir, 2000, 1000);
        read(reader, 0, 3000);
      }
    }
  }

  @Test
  void whatTheServerHasNotGotIsNotAcknowledged() throws Exception {
    try (Proxy proxy = new Proxy(server.port(0));
        Channel writer = end(proxy.port(), "mode=write")) {
      write(writer, 0, 1000);
      proxy.hold(RECORD);
      writer.sink().writeFully(FaultMain.bytes(1000, 1000), SOON);
      proxy.awaitHeld();
      assertThrows(
          StreamTimeoutException.class,
          () -> writer.sink().flush(Wait.upTo(Duration.ofMillis(300))));
      assertEquals(1000, facet(writer).acknowledged());
      proxy.release();
      writer.sink().flush(SOON);
      assertEquals(2000, facet(writer).acknowledged());
    }
  }

  /** Each commit changes the key that the next reader, which is far away, is about to change. */
  @Test
  void aReaderThatCommitsAllTheTimeIsTakenOverFrom() throws Exception {
    try (Proxy far = new Proxy(server.port(0));
        Channel writer = end("mode=write");
        Channel busy = end("mode=read&commit=manual")) {
      far.delay(40);
      write(writer, 0, 8_000_000);
      CompletableFuture<StorageException> fenced = new CompletableFuture<>();
      Thread thread =
          new Thread(
              () -> {
                try {
                  for (int at = 0; at < 8_000_000; at += 10) {
                    read(busy, at, 10);
                    commit(busy);
                  }
                  boolean unused = fenced.cancel(false);
                } catch (StorageException e) {
                  boolean unused = fenced.complete(e);
                } catch (ExecutionException e) {
                  boolean unused = fenced.complete((StorageException) e.getCause());
                } catch (Exception e) {
                  boolean unused = fenced.completeExceptionally(e);
                }
              });
      thread.start();
      try (Channel heir = end(far.port(), "mode=read&commit=manual&takeover=true")) {
        StorageException why = fenced.get(40, TimeUnit.SECONDS);
        assertEquals(StorageException.Kind.FENCED, why.kind());
        // The answer to its last commit may have been on its way.
        assertTrue(facet(heir).position() >= why.count(), why.toString());
      }
      thread.join();
    }
  }

  /** The late commit is of a place before, or behind, that of the next reader. */
  @ParameterizedTest
  @ValueSource(ints = {2000, 4000})
  void aCommitThatComesAfterTheTakeOverIsNotStored(int place) throws Exception {
    try (Proxy proxy = new Proxy(server.port(0));
        Channel writer = end("mode=write");
        Channel late = end(proxy.port(), "mode=read&commit=manual")) {
      write(writer, 0, MANY);
      read(late, 0, 1000);
      commit(late);
      proxy.hold(COMMIT);
      read(late, 1000, place - 1000);
      CompletableFuture<Void> committed = facet(late).commit().toCompletableFuture();
      proxy.awaitHeld();
      try (Channel heir = end("mode=read&commit=manual&takeover=true")) {
        assertEquals(1000, facet(heir).position());
        read(heir, 1000, 2000);
        commit(heir);
        proxy.release();
        ExecutionException refused =
            assertThrows(ExecutionException.class, () -> committed.get(40, TimeUnit.SECONDS));
        StorageException fenced =
            assertInstanceOf(StorageException.class, refused.getCause(), refused.toString());
        assertEquals(StorageException.Kind.FENCED, fenced.kind());
        assertEquals(1000, fenced.count());
        try (Channel next = end("mode=read&commit=manual&takeover=true")) {
          assertEquals(3000, facet(next).position());
          read(next, 3000, 2000);
        }
      }
    }
  }
}
