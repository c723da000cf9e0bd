// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.nats.client.Connection;
import io.nats.client.JetStreamManagement;
import io.nats.client.support.JsonParser;
import io.nats.client.support.JsonValueUtils;
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
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * How long it takes what docs/durable.md gives a time for. On a busy machine something is late now
 * and then; what has become slower is late each time. So the shortest of several times counts.
 */
@SuppressWarnings("try")
@Timeout(120)
class NatsPipeTimesTest {
  private static final Wait SOON = Wait.upTo(Duration.ofSeconds(40));
  private static final AtomicInteger NUMBERS = new AtomicInteger();
  private static final int ROUNDS = 10;

  private static NatsCluster server;
  private static Penstock penstock;

  private final String name = "times-" + NUMBERS.incrementAndGet();

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

  private Channel end(Penstock from, String servers, String keys) throws IOException {
    String place = "durable:nats://" + servers + "/" + name + "?" + keys;
    return from.channels().open(Endpoint.parse(place), ChannelOptions.defaults(), SOON);
  }

  private Channel end(Penstock from, int port, String keys) throws IOException {
    return end(from, "127.0.0.1:" + port, "replicas=1&" + keys);
  }

  private Channel end(String keys) throws IOException {
    return end(penstock, server.port(0), keys);
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

  private static long millis(long since) {
    return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - since);
  }

  private static void shortest(String what, long millis, long most) {
    System.out.println("times: " + what + ": " + millis + " ms");
    assertTrue(millis < most, what + " takes " + millis + " ms");
  }

  // ---- commits

  /** Until which position the server has what a reader has committed. */
  private long committed(JetStreamManagement management) throws Exception {
    byte[] key =
        management
            .getLastMessage("penstock-" + name + "-keys", "penstock.key." + name + ".reader")
            .getData();
    return JsonValueUtils.readLong(JsonParser.parse(key), "position", -1);
  }

  /** Reads so many bytes; how long afterwards the server knows, at best. */
  private long untilCommitted(Channel reader, int count) throws Exception {
    long least = Long.MAX_VALUE;
    try (Connection connection = NatsCluster.connect(server.url(0))) {
      JetStreamManagement management = connection.jetStreamManagement();
      for (long at = 0; at < (long) ROUNDS * count; at += count) {
        read(reader, at, count);
        long begun = System.nanoTime();
        while (committed(management) < at + count) {
          assertTrue(millis(begun) < 20_000, "not committed: " + (at + count));
        }
        least = Math.min(least, millis(begun));
      }
    }
    return least;
  }

  @Test
  void whatWasReadIsCommittedWithinATenthOfASecond() throws Exception {
    try (Channel writer = end("mode=write");
        Channel reader = end("mode=read")) {
      // More than is read.
      write(writer, 0, 1_000_000);
      shortest("until a few bytes are committed", untilCommitted(reader, 1000), 250);
    }
  }

  @Test
  void aQuarterOfTheCapacityIsCommittedAtOnce() throws Exception {
    String capacity = "&capacity=1MiB";
    try (Channel reader = end("mode=read" + capacity)) {
      try (Channel writer = end("mode=write&capacity=8MiB")) {
        write(writer, 0, 8 << 20);
      }
      shortest("until a quarter is committed", untilCommitted(reader, 300_000), 60);
    }
  }

  @Test
  void whatWasReadLastIsCommittedAtOnce() throws Exception {
    try (Channel writer = end("mode=write");
        Channel reader = end("mode=read");
        Connection connection = NatsCluster.connect(server.url(0))) {
      JetStreamManagement management = connection.jetStreamManagement();
      long least = Long.MAX_VALUE;
      for (long at = 0; at < ROUNDS * 100; at += 100) {
        write(writer, at, 100);
        read(reader, at, 100);
        long begun = System.nanoTime();
        while (committed(management) < at + 100) {
          assertTrue(millis(begun) < 20_000, "not committed: " + (at + 100));
        }
        least = Math.min(least, millis(begun));
      }
      shortest("until all that was there is committed", least, 60);
    }
  }

  // ---- the second opener

  private long refused() {
    long begun = System.nanoTime();
    AddressException refused =
        assertThrows(AddressException.class, () -> end("mode=write").close());
    assertEquals(AddressException.Kind.IN_USE, refused.kind());
    return millis(begun);
  }

  @Test
  void aSecondWriterIsRefusedSoon() throws Exception {
    try (Proxy proxy = new Proxy(server.port(0));
        Penstock apart = Penstock.open();
        Channel holder = end(apart, proxy.port(), "mode=write")) {
      write(holder, 0, 9);
      shortest("until a second writer is refused", Math.min(refused(), refused()), 1000);
      // It is connected and does not answer, as one that is paused.
      proxy.hold("HPUB penstock.pipe.");
      holder.sink().writeFully(FaultMain.bytes(9, 9), SOON);
      proxy.awaitHeld();
      shortest("until one is refused for the sake of one that is paused", refused(), 5000);
    }
  }

  /** How long the next writer takes when the first one has gone without a word. */
  private long taken(String keys) throws Exception {
    try (Proxy proxy = new Proxy(server.port(0));
        Penstock apart = Penstock.open()) {
      Channel unused = end(apart, proxy.port(), "mode=write&ackTimeout=1s");
      proxy.cut();
      long begun = System.nanoTime();
      try (Channel next = end("mode=write" + keys)) {
        long took = millis(begun);
        assertEquals(0, next.facet(DurableFacet.class).orElseThrow().acknowledged());
        return took;
      }
    }
  }

  @Test
  void theNextWriterWaitsASecondForOneThatHasGone() throws Exception {
    long took = taken("");
    assertTrue(took > 900, "the first one might have connected anew: " + took + " ms");
    shortest("until the next writer writes", Math.min(took, taken("")), 2500);
    long over = Math.min(taken("&takeover=true"), taken("&takeover=true"));
    shortest("until it does with takeover=true", over, 700);
  }

  // ---- servers that do not answer

  @Test
  void aWriterLooksForTheLeaderOnlyForAWhile() throws Exception {
    try (NatsCluster servers = NatsCluster.start(3);
        ServerSocket silent = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      servers.awaitReady();
      String all = servers.servers().replace("nats://", "");
      try (Channel first = end(penstock, all, "replicas=3&mode=write")) {
        write(first, 0, 9);
      }
      // The leader is reached at none of the addresses.
      int other = (servers.leaderOf("penstock-" + name) + 1) % 3;
      String some = "127.0.0.1:" + servers.port(other) + ",127.0.0.1:" + silent.getLocalPort();
      long begun = System.nanoTime();
      try (Channel next = end(penstock, some, "replicas=3&mode=write")) {
        shortest("until a writer is content with another server", millis(begun), 10_000);
        write(next, 9, 9);
      }
    }
  }

  @Test
  void aStopWithoutServersWaitsForAWhile() throws Exception {
    try (NatsCluster own = NatsCluster.start(1)) {
      Penstock apart = Penstock.open();
      Channel writer = end(apart, own.port(0), "mode=write");
      write(writer, 0, 9);
      own.pause(0);
      writer.sink().writeFully(FaultMain.bytes(9, 9), SOON);
      long begun = System.nanoTime();
      apart.close();
      long took = millis(begun);
      own.resume(0);
      assertTrue(took > 4000, "it gives up what was written after " + took + " ms");
      shortest("until a stop gives up", took, 15_000);
    }
  }
}
