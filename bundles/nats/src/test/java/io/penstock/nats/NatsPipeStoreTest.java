// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.nats.client.Connection;
import io.nats.client.api.StorageType;
import io.nats.client.api.StreamConfiguration;
import io.nats.client.impl.Headers;
import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.channel.facet.DurableFacet;
import io.penstock.error.AddressException;
import io.penstock.error.StorageException;
import io.penstock.nats.support.Child;
import io.penstock.nats.support.NatsCluster;
import io.penstock.nats.support.Proxy;
import io.penstock.standalone.Penstock;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Where the servers keep a pipe, and what its ends are told when that is full, lost or damaged. */
@SuppressWarnings("try")
@Timeout(240)
class NatsPipeStoreTest {
  private static final Wait SOON = Wait.upTo(Duration.ofSeconds(40));
  private static final int SOON_SECONDS = 60;
  private static final String SUBJECT = "penstock.pipe.kept";
  private static final String STREAM = "penstock-kept";
  private static final int BLOCK = 65_536;

  private Penstock penstock;

  @BeforeEach
  void begin() throws Exception {
    penstock = Penstock.open();
  }

  @AfterEach
  void end() throws Exception {
    penstock.close();
  }

  private static String place(NatsCluster servers, String keys) {
    String all = servers.servers().replace("nats://", "");
    return "durable:nats://" + all + "/kept?" + keys;
  }

  private Channel open(NatsCluster servers, String keys) throws IOException {
    return penstock
        .channels()
        .open(Endpoint.parse(place(servers, keys)), ChannelOptions.defaults(), SOON);
  }

  private Channel open(int port, String keys) throws IOException {
    String place = "durable:nats://127.0.0.1:" + port + "/kept?" + keys;
    return penstock.channels().open(Endpoint.parse(place), ChannelOptions.defaults(), SOON);
  }

  private static DurableFacet facet(Channel end) {
    return end.facet(DurableFacet.class).orElseThrow();
  }

  private static void write(Channel writer, long from, int count) throws IOException {
    writer.sink().writeFully(FaultMain.bytes(from, count), SOON);
    writer.sink().flush(SOON);
  }

  /** A writer appends a thousand bytes, and goes without an end. */
  private static void written(NatsCluster servers, String keys, long at) throws Exception {
    try (Penstock apart = Penstock.open()) {
      Channel writer =
          apart
              .channels()
              .open(Endpoint.parse(place(servers, keys)), ChannelOptions.defaults(), SOON);
      assertEquals(at, facet(writer).acknowledged());
      write(writer, at, 1000);
    }
  }

  private static void read(Channel reader, long from, int count) throws IOException {
    ByteBuffer some = ByteBuffer.allocate(count);
    reader.source().readFully(some, SOON);
    FaultMain.check(some.flip(), from);
  }

  private static Connection plain(NatsCluster servers) throws Exception {
    return NatsCluster.connect(servers.urls().toArray(String[]::new));
  }

  private static StreamConfiguration stream(NatsCluster servers, String name) throws Exception {
    try (Connection connection = plain(servers)) {
      return connection
          .jetStreamManagement(
              io.nats.client.JetStreamOptions.builder()
                  .requestTimeout(Duration.ofSeconds(20))
                  .build())
          .getStreamInfo(name)
          .getConfiguration();
    }
  }

  private static void within(int seconds, long begun, Throwable told) {
    long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begun);
    System.out.println("times: told after " + millis + " ms: " + told);
    assertTrue(millis < seconds * 1000L, "told after " + millis + " ms: " + told);
  }

  // ---- full

  @Test
  void aFullStoreIsToldAndWhatWasAcknowledgedIsKept(@TempDir Path store) throws Exception {
    String jetstream = "jetstream { store_dir: \"" + store + "\", max_file_store: %d }\n";
    try (NatsCluster server = NatsCluster.start(1, "127.0.0.1", jetstream.formatted(2_000_000))) {
      StorageException large =
          assertThrows(
              StorageException.class, () -> open(server, "mode=write&replicas=1&capacity=1GiB"));
      assertEquals(StorageException.Kind.FULL, large.kind(), large.toString());
      String room = "replicas=1&capacity=unbounded&ackTimeout=60s&";
      long acknowledged;
      try (Channel reader = open(server, room + "mode=read&commit=manual");
          Channel writer = open(server, room + "mode=write")) {
        write(writer, 0, BLOCK);
        long begun = System.nanoTime();
        StorageException full =
            assertThrows(
                StorageException.class,
                () -> {
                  for (int at = BLOCK; at < 100 * BLOCK; at += BLOCK) {
                    write(writer, at, BLOCK);
                  }
                });
        assertEquals(StorageException.Kind.FULL, full.kind(), full.toString());
        acknowledged = full.count();
        assertTrue(acknowledged > 1_000_000, full.toString());
        within(20, begun, full);
        read(reader, 0, (int) acknowledged);
        begun = System.nanoTime();
        ExecutionException commit =
            assertThrows(
                ExecutionException.class,
                () -> facet(reader).commit().toCompletableFuture().get(40, TimeUnit.SECONDS));
        StorageException refused =
            assertInstanceOf(StorageException.class, commit.getCause(), commit.toString());
        assertEquals(StorageException.Kind.FULL, refused.kind(), refused.toString());
        within(20, begun, refused);
        assertEquals(0, refused.count());
      }
      server.stop(0);
      server.configure(jetstream.formatted(20_000_000));
      server.restart(0);
      try (Channel writer = open(server, room + "mode=write");
          Channel reader = open(server, room + "mode=read")) {
        assertEquals(acknowledged, facet(writer).acknowledged());
        write(writer, acknowledged, BLOCK);
        read(reader, 0, (int) acknowledged + BLOCK);
      }
    }
  }

  // ---- lost

  private static StorageException failure(Channel writer) {
    StorageException lost =
        assertThrows(
            StorageException.class,
            () -> {
              writer.sink().writeFully(FaultMain.bytes(2000, 1000), SOON);
              writer.sink().flush(SOON);
            });
    assertEquals(2000, lost.count());
    return lost;
  }

  @Test
  void lostAcknowledgedBytesAreToldOf() throws Exception {
    try (NatsCluster server = NatsCluster.start(1);
        Channel writer = open(server, "mode=write&replicas=1&ackTimeout=8s")) {
      write(writer, 0, 1000);
      server.stop(0);
      server.remember(0);
      server.restart(0);
      write(writer, 1000, 1000);
      server.kill(0);
      server.rewind(0);
      server.restart(0);
      StorageException lost = failure(writer);
      assertEquals(StorageException.Kind.FAILED, lost.kind(), lost.toString());
      assertTrue(
          lost.getMessage().contains("lost bytes that they had acknowledged, before position 2000"),
          lost.getMessage());
    }
  }

  @Test
  void aLostStreamIsToldOf() throws Exception {
    try (NatsCluster server = NatsCluster.start(1);
        Channel writer = open(server, "mode=write&replicas=1&ackTimeout=8s")) {
      write(writer, 0, 2000);
      server.kill(0);
      server.forget(0);
      server.restart(0);
      StorageException lost = failure(writer);
      assertEquals(StorageException.Kind.UNACKNOWLEDGED, lost.kind(), lost.toString());
      assertTrue(lost.getMessage().contains("stream not found"), lost.getMessage());
    }
  }

  // ---- damaged

  private static void publish(Connection connection, String text, byte[] summed, byte[] sent) {
    CRC32C crc = new CRC32C();
    crc.update(text.getBytes(StandardCharsets.US_ASCII));
    crc.update(summed);
    Headers headers = new Headers().put("Penstock", text + Long.toHexString(crc.getValue()));
    connection.publish(SUBJECT, headers, sent);
  }

  private static StorageException corrupt(Channel reader) {
    StorageException told =
        assertThrows(
            StorageException.class, () -> reader.source().read(ByteBuffer.allocate(9), SOON));
    assertEquals(StorageException.Kind.CORRUPT, told.kind());
    assertEquals(1000, told.count());
    return told;
  }

  /** The next record tells that there was one before it, or does not: it was on its way already. */
  @ParameterizedTest
  @ValueSource(ints = {2, 1})
  void aRecordWithAWrongChecksumIsToldOf(int acked) throws Exception {
    try (NatsCluster server = NatsCluster.start(1);
        Connection connection = plain(server);
        Proxy proxy = new Proxy(server.port(0));
        Channel reader = open(proxy.port(), "mode=read&replicas=1&commit=manual")) {
      written(server, "mode=write&replicas=1", 0);
      read(reader, 0, 1000);
      proxy.cut();
      byte[] right = FaultMain.bytes(1000, 1000).array();
      byte[] wrong = right.clone();
      wrong[500] ^= 1;
      publish(connection, "D 1 2 1000 0 1 ", right, wrong);
      byte[] next = FaultMain.bytes(2000, 1000).array();
      publish(connection, "D 1 3 2000 0 " + acked + " ", next, next);
      byte[] last = FaultMain.bytes(3000, 1000).array();
      publish(connection, "D 1 4 3000 0 " + (4 - acked) + " ", last, last);
      connection.flush(Duration.ofSeconds(20));
      proxy.restore();
      StorageException told = corrupt(reader);
      if (acked == 1) {
        // It might be foreign, and then the next byte is here.
        assertTrue(told.getMessage().contains("next one is at position 1000"), told.getMessage());
        facet(reader).replay(1000);
        told = corrupt(reader);
      }
      assertTrue(told.getMessage().matches(".*next ones? (is|are) at position 2000"), told + "");
      facet(reader).replay(2000);
      read(reader, 2000, 2000);
      try (Channel writer = open(server, "mode=write&replicas=1")) {
        assertEquals(4000, facet(writer).acknowledged());
      }
    }
  }

  @Test
  void anEndWithAWrongChecksumHidesNoLaterOne() throws Exception {
    try (NatsCluster server = NatsCluster.start(1);
        Connection connection = plain(server);
        Proxy proxy = new Proxy(server.port(0));
        Channel reader = open(proxy.port(), "mode=read&replicas=1&commit=manual")) {
      written(server, "mode=write&replicas=1", 0);
      read(reader, 0, 1000);
      // It sees all of the following at once.
      proxy.cut();
      byte[] none = new byte[0];
      publish(connection, "E 1 2 1000 0 1 ", new byte[] {1}, none);
      publish(connection, "O 2 0 1000 1 0 ", none, none);
      byte[] next = FaultMain.bytes(1000, 1000).array();
      publish(connection, "D 2 1 1000 1 0 ", next, next);
      publish(connection, "E 2 2 2000 1 1 ", none, none);
      publish(connection, "E 2 3 2000 2 1 ", none, none);
      connection.flush(Duration.ofSeconds(20));
      proxy.restore();
      StorageException told = corrupt(reader);
      assertTrue(told.getMessage().contains("next one is at position 1000"), told.getMessage());
      facet(reader).replay(1000);
      read(reader, 1000, 1000);
      for (int end = 0; end < 2; end++) {
        assertEquals(-1, reader.source().read(ByteBuffer.allocate(9), SOON));
        Object unused = facet(reader).commit().toCompletableFuture().get(20, TimeUnit.SECONDS);
      }
    }
  }

  @Test
  void aForeignRecordIsToldOfAndCostsNoByte() throws Exception {
    try (NatsCluster server = NatsCluster.start(1);
        Connection connection = plain(server);
        Channel writer = open(server, "mode=write&replicas=1&keep=1MiB")) {
      write(writer, 0, 1000);
      byte[] foreign = FaultMain.bytes(1000, 9).array();
      publish(connection, "D 1 2 1000 0 1 ", new byte[0], foreign);
      connection.flush(Duration.ofSeconds(20));
      write(writer, 1000, 200_000);
      try (Channel reader = open(server, "mode=read&replicas=1&keep=1MiB")) {
        read(reader, 0, 1000);
        StorageException told = corrupt(reader);
        assertTrue(told.getMessage().contains("next one is at position 1000"), told.getMessage());
        facet(reader).replay(1000);
        read(reader, 1000, 200_000);
        facet(reader).replay(500);
        read(reader, 500, 200_500);
      }
    }
  }

  /** Nothing comes any more that could show the gap. */
  @Test
  void bytesThatAreGoneBeforeTheyAreReadAreToldOf() throws Exception {
    try (NatsCluster server = NatsCluster.start(1);
        Connection connection = plain(server);
        Proxy proxy = new Proxy(server.port(0));
        Channel writer = open(server, "mode=write&replicas=1");
        Channel reader = open(proxy.port(), "mode=read&replicas=1&commit=manual")) {
      write(writer, 0, 1000);
      read(reader, 0, 1000);
      proxy.cut();
      write(writer, 1000, 1000);
      Object unused = connection.jetStreamManagement().purgeStream("penstock-kept");
      proxy.restore();
      long begun = System.nanoTime();
      StorageException told = corrupt(reader);
      within(25, begun, told);
      assertTrue(told.getMessage().contains("there are none behind them"), told.getMessage());
      facet(reader).replay(1000);
      write(writer, 2000, 1000);
      told = corrupt(reader);
      assertTrue(told.getMessage().endsWith("next ones are at position 2000"), told.getMessage());
      facet(reader).replay(2000);
      read(reader, 2000, 1000);
    }
  }

  /**
   * Servers before 2.11.12 rewrite a file in place when what was read is removed, and may lose it
   * when they end in that moment. What comes next is not taken for what was read.
   */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void whatComesAfterTheLossOfWhatWasReadIsRead(boolean readerFirst) throws Exception {
    String keys = "&replicas=1&commit=manual&keep=1MiB";
    try (NatsCluster server = NatsCluster.start(1)) {
      written(server, "mode=write" + keys, 0);
      for (int i = 1; i < 20; i++) {
        written(server, "mode=write" + keys, 1000L * i);
      }
      try (Channel reader = open(server, "mode=read" + keys)) {
        read(reader, 0, 20_000);
        commit(reader);
      }
      long at = 20_000;
      for (long left : new long[] {-200, 8_000, 0}) {
        server.stop(0);
        cut(server, left);
        server.restart(0);
        Channel early = readerFirst ? open(server, "mode=read" + keys) : null;
        for (int i = 0; i < 10; i++) {
          written(server, "mode=write" + keys, at + 1000 * i);
        }
        try (Channel reader = early == null ? open(server, "mode=read" + keys) : early) {
          assertEquals(at, facet(reader).position());
          read(reader, at, 10_000);
          commit(reader);
        }
        at += 10_000;
      }
    }
  }

  private static void commit(Channel reader) throws Exception {
    Object unused = facet(reader).commit().toCompletableFuture().get(20, TimeUnit.SECONDS);
  }

  /** Leaves so many bytes of a stream's file; below 0, all but so many. */
  private static void cut(NatsCluster server, long left) throws IOException {
    try (Stream<Path> all = Files.walk(server.store(0))) {
      Path file =
          all.filter(each -> each.toString().contains(STREAM + "/") && each.endsWith("1.blk"))
              .findFirst()
              .orElseThrow();
      try (FileChannel open = FileChannel.open(file, StandardOpenOption.WRITE)) {
        FileChannel unused = open.truncate(left < 0 ? open.size() + left : left);
      }
    }
  }

  // ---- where it is kept

  @Test
  void withoutSyncItIsInMemoryAndSurvivesTheKillOfClients() throws Exception {
    try (NatsCluster server = NatsCluster.start(1)) {
      String keys = "&replicas=1&sync=none";
      try (Child writer =
              new Child(FaultMain.class, "write", place(server, "mode=write" + keys), "1");
          Child reader =
              new Child(
                  FaultMain.class, "read", place(server, "mode=read&commit=manual" + keys), "2")) {
        writer.await("acknowledged", 300_000, SOON_SECONDS);
        reader.await("committed", 1, SOON_SECONDS);
        Child.killAll(writer, reader);
        assertEquals(StorageType.Memory, stream(server, STREAM).getStorageType());
        try (Channel next = open(server, "mode=write" + keys);
            Channel rest = open(server, "mode=read" + keys)) {
          long from = facet(rest).position();
          long end = facet(next).acknowledged();
          assertTrue(from >= reader.last("committed"), "at " + from);
          assertTrue(end >= writer.last("acknowledged"), "at " + end);
          read(rest, from, (int) (end - from));
        }
      }
    }
  }

  @Test
  void whereItIsKeptCannotChange() throws Exception {
    try (NatsCluster server = NatsCluster.start(1)) {
      open(server, "mode=write&replicas=1&sync=none").close();
      for (String keys : new String[] {"mode=write&sync=group", "mode=read&sync=each"}) {
        AddressException refused =
            assertThrows(AddressException.class, () -> open(server, keys + "&replicas=1").close());
        assertEquals(AddressException.Kind.INVALID, refused.kind());
        assertTrue(
            refused.getMessage().contains("give the sync that it was made with"),
            refused.getMessage());
      }
      assertEquals(StorageType.Memory, stream(server, STREAM).getStorageType());
    }
    try (NatsCluster server = NatsCluster.start(1)) {
      open(server, "mode=write&replicas=1&sync=each").close();
      AddressException refused =
          assertThrows(
              AddressException.class,
              () -> open(server, "mode=write&replicas=1&sync=none").close());
      assertEquals(AddressException.Kind.INVALID, refused.kind());
      open(server, "mode=write&replicas=1&sync=group").close();
    }
  }

  @Test
  void aWriterChangesTheNumberOfReplicas() throws Exception {
    try (NatsCluster servers = NatsCluster.start(3)) {
      servers.awaitReady();
      long at = 0;
      for (int replicas : new int[] {1, 3}) {
        written(servers, "mode=write&replicas=" + replicas, at);
        at += 1000;
        assertEquals(replicas, stream(servers, STREAM).getReplicas());
        assertEquals(replicas, stream(servers, STREAM + "-keys").getReplicas());
      }
      try (Channel reader = open(servers, "mode=read&replicas=1")) {
        read(reader, 0, 2000);
        assertEquals(3, stream(servers, STREAM).getReplicas());
      }
    }
  }
}
