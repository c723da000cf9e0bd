// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.nats.client.Connection;
import io.nats.client.Message;
import io.nats.client.Nats;
import io.nats.client.Options;
import io.nats.client.support.JsonParser;
import io.nats.client.support.JsonValue;
import io.nats.client.support.JsonValueUtils;
import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.channel.facet.DurableFacet;
import io.penstock.error.AddressException;
import io.penstock.error.StorageException;
import io.penstock.error.StreamTruncatedException;
import io.penstock.nats.support.Child;
import io.penstock.nats.support.NatsCluster;
import io.penstock.standalone.Penstock;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/**
 * What is left when processes and servers are killed and paused, on three servers. {@code
 * -Dpenstock.nats.faults} says how many random faults there are; {@code -Dpenstock.nats.seed}
 * repeats one.
 */
// A connection of the library's may be interrupted while it closes.
@SuppressWarnings("try")
@Timeout(900)
// It takes minutes, and its limits are those of servers that have a processor for themselves.
@EnabledIfSystemProperty(named = "penstock.nats.long", matches = "true")
class NatsPipeFaultTest {
  private static final Wait SOON = Wait.upTo(Duration.ofSeconds(40));
  private static final AtomicInteger NUMBERS = new AtomicInteger();
  private static final int FAULTS = Integer.getInteger("penstock.nats.faults", 100);
  private static final long SEED = Long.getLong("penstock.nats.seed", 7);
  private static final int LONG = 60;
  private static final String SLOW = "&ackTimeout=90s";

  private static NatsCluster servers;
  private static Penstock penstock;

  private final String name = "fault-" + NUMBERS.incrementAndGet();

  // The servers of this test; most use those of all.
  private NatsCluster own = servers;

  @BeforeAll
  static void begin() throws Exception {
    servers = NatsCluster.start(3);
    penstock = Penstock.open();
    awaitLeader();
  }

  @AfterAll
  static void end() throws Exception {
    if (penstock != null) {
      penstock.close();
    }
    if (servers != null) {
      servers.close();
    }
  }

  // ---- what a test uses

  private String place(String keys) {
    String all = String.join(",", own.urls().stream().map(each -> each.substring(7)).toList());
    return "durable:nats://" + all + "/" + name + "?replicas=3&" + keys;
  }

  private Channel end(String keys) throws IOException {
    return penstock.channels().open(Endpoint.parse(place(keys)), ChannelOptions.defaults(), SOON);
  }

  private Channel writer(String keys) throws IOException {
    return end("mode=write" + keys);
  }

  private Channel reader(String keys) throws IOException {
    return end("mode=read" + keys);
  }

  private Child child(String role, String keys, long seed) throws IOException {
    String mode = role + (role.equals("read") ? "&commit=manual" : "");
    return new Child(FaultMain.class, role, place("mode=" + mode + SLOW + keys), "" + seed);
  }

  private static DurableFacet facet(Channel channel) {
    return channel.facet(DurableFacet.class).orElseThrow();
  }

  private static void write(Channel writer, long at, int count) throws IOException {
    writer.sink().writeFully(FaultMain.bytes(at, count), SOON);
  }

  private static void read(Channel reader, long at, int count) throws IOException {
    assertEquals(at, facet(reader).position());
    ByteBuffer all = ByteBuffer.allocate(count);
    reader.source().readFully(all, SOON);
    FaultMain.check(all.flip(), at);
  }

  private Connection plain() throws Exception {
    return Nats.connect(
        new Options.Builder()
            .servers(own.urls().toArray(String[]::new))
            .connectionTimeout(Duration.ofSeconds(2))
            .build());
  }

  private JsonValue info() throws Exception {
    try (Connection connection = plain()) {
      return info(connection, name);
    }
  }

  private static JsonValue info(Connection connection, String pipe) throws Exception {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(LONG);
    while (true) {
      Message answer =
          connection.request(
              "$JS.API.STREAM.INFO.penstock-" + pipe, new byte[0], Duration.ofSeconds(1));
      JsonValue value = answer == null ? JsonValue.EMPTY_MAP : JsonParser.parse(answer.getData());
      if (value.map != null && value.map.containsKey("state")) {
        return value;
      }
      assertTrue(System.nanoTime() < deadline, "no server tells of " + pipe + ": " + value);
    }
  }

  private static long bytes(JsonValue info) {
    return JsonValueUtils.readLong(JsonValueUtils.readObject(info, "state"), "bytes", -1);
  }

  private int leader() throws Exception {
    String leader =
        JsonValueUtils.readString(JsonValueUtils.readObject(info(), "cluster"), "leader", "s0");
    return Integer.parseInt(leader.substring(1));
  }

  /** A pipe can be made. */
  private static void awaitLeader() throws Exception {
    try (Channel made = new NatsPipeFaultTest().writer(SLOW)) {
      write(made, 0, 1);
      made.sink().flush(SOON);
    }
  }

  private static void pause(Duration time) throws InterruptedException {
    boolean unused = new CountDownLatch(1).await(time.toMillis(), TimeUnit.MILLISECONDS);
  }

  private static void say(String what) {
    System.out.println("faults: " + what);
  }

  // ---- kills

  @Test
  void nothingAcknowledgedIsLostByKillingTheWriter() throws Exception {
    Random random = new Random(SEED);
    try (Child reader = child("read", "", 1)) {
      long acknowledged = 0;
      for (int round = 0; round < Math.max(8, FAULTS / 2); round++) {
        try (Child writer = child("write", "", random.nextLong())) {
          writer.await("opened", acknowledged, LONG);
          long from = writer.last("opened");
          writer.await("acknowledged", from + 1 + random.nextInt(1_000_000), LONG);
          writer.kill();
          acknowledged = writer.last("acknowledged");
        }
      }
      reader.await("read", acknowledged, LONG);
    }
  }

  @Test
  void norByKillingTheReader() throws Exception {
    Random random = new Random(SEED);
    long committed = 0;
    long read = 0;
    try (Child writer = child("write", "&capacity=4MiB", 1)) {
      for (int round = 0; round < Math.max(4, FAULTS / 4); round++) {
        try (Child reader = child("read", "", random.nextLong())) {
          reader.await("opened", committed, LONG);
          assertTrue(reader.last("opened") <= read, "the reader has left out something");
          reader.await("committed", committed + 1 + random.nextInt(3_000_000), LONG);
          reader.kill();
          committed = reader.last("committed");
          // What it had read may be in a line that was cut off.
          read = reader.last("read") + 60_000;
        }
      }
      assertEquals("", writer.failure());
    }
  }

  @Test
  void norByKillingServers() throws Exception {
    try (Child writer = child("write", "&capacity=8MiB", 1);
        Child reader = child("read", "", 2)) {
      writer.await("acknowledged", 1, LONG);
      reader.await("committed", 1_000_000, LONG);
      int leader = leader();
      own.kill(leader);
      stall("the leader is killed", writer, reader);
      own.restart(leader);
      stall("it is back", writer, reader);
      int second = leader();
      own.kill(second);
      own.kill((second + 1) % 3);
      restartAll();
      stall("two of three are back", writer, reader);
    }
  }

  /** The servers of Debian 12 may lose what they had acknowledged, as docs/durable.md tells. */
  @Test
  void norByKillingAllServers() throws Exception {
    try (NatsCluster newest = NatsCluster.start(3, "127.0.0.1", "", NatsCluster.program("sid"))) {
      own = newest;
      own.awaitReady();
      try (Child writer = child("write", "&capacity=8MiB", 1);
          Child reader = child("read", "", 2)) {
        for (int round = 0; round < 3; round++) {
          reader.await("committed", reader.last("committed") + 1_000_000, LONG);
          for (int i = 0; i < 3; i++) {
            own.kill(i);
          }
          restartAll();
          stall("all three are back", writer, reader);
        }
      }
    }
  }

  private void restartAll() throws Exception {
    for (int i = 0; i < 3; i++) {
      own.kill(i);
      own.restart(i);
    }
  }

  private void stall(String what, Child writer, Child reader) throws Exception {
    long wrote;
    long read;
    try {
      wrote = writer.await("acknowledged", writer.last("acknowledged") + 300_000, LONG);
      read = reader.await("read", writer.last("acknowledged"), LONG);
    } catch (AssertionError e) {
      throw told(what, e);
    }
    say(what + ": " + wrote + " ms to the next 300 kB acknowledged, read " + read + " ms later");
  }

  private AssertionError told(String what, AssertionError stalled) throws Exception {
    return new AssertionError(
        what + ": " + stalled.getMessage() + "; the servers tell " + info() + entries(), stalled);
  }

  /** What the leaders have: both keys, and where the entries of a pipe do not follow each other. */
  private String entries() throws Exception {
    StringBuilder text = new StringBuilder();
    try (Connection connection = plain()) {
      for (String key : List.of("writer", "reader")) {
        JsonValue found =
            stored(
                connection,
                "penstock-" + name + "-keys",
                "{\"last_by_subj\":\"penstock.key." + name + "." + key + "\"}");
        text.append("\n").append(key).append(": ").append(text(found, "data"));
      }
      JsonValue state = JsonValueUtils.readObject(info(connection, name), "state");
      long first = JsonValueUtils.readLong(state, "first_seq", 1);
      long last = JsonValueUtils.readLong(state, "last_seq", 0);
      long end = -1;
      for (long sequence = first; sequence <= last; sequence++) {
        JsonValue found = stored(connection, "penstock-" + name, "{\"seq\":" + sequence + "}");
        byte[] data = JsonValueUtils.readBase64(found, "data");
        String head = text(found, "hdrs").replaceAll("\\s+", " ").replaceAll(".*Penstock: ?", "");
        String[] fields = head.split(" ", -1);
        long position = fields.length > 3 ? Long.parseLong(fields[3]) : -1;
        if (position != end || sequence > last - 2 || !fields[0].equals("D")) {
          text.append("\n").append(sequence).append(": ").append(head);
        }
        end = position + (data == null ? 0 : data.length);
      }
      text.append(", the end: ").append(end);
      return text.toString();
    }
  }

  private static String text(JsonValue message, String field) {
    byte[] bytes = JsonValueUtils.readBase64(message, field);
    return bytes == null ? "" : new String(bytes, StandardCharsets.UTF_8);
  }

  private static JsonValue stored(Connection connection, String stream, String request)
      throws Exception {
    Message answer =
        connection.request(
            "$JS.API.STREAM.MSG.GET." + stream,
            request.getBytes(StandardCharsets.UTF_8),
            Duration.ofSeconds(1));
    JsonValue found =
        answer == null
            ? null
            : JsonValueUtils.readObject(JsonParser.parse(answer.getData()), "message");
    return found == null ? JsonValue.EMPTY_MAP : found;
  }

  // ---- takeovers

  @Test
  void aWriterThatWasPausedIsFenced() throws Exception {
    try (Child zombie = child("write", "", 1)) {
      zombie.await("acknowledged", 300_000, LONG);
      AddressException refused = assertThrows(AddressException.class, () -> writer("").close());
      assertEquals(AddressException.Kind.IN_USE, refused.kind());
      zombie.signal("STOP");
      try (Channel heir = writer("&takeover=true");
          Channel reader = reader("")) {
        long at = facet(heir).acknowledged();
        assertTrue(at >= zombie.last("acknowledged"));
        write(heir, at, 100_000);
        zombie.signal("CONT");
        say("fenced: " + zombie.awaitFailure(LONG));
        assertTrue(zombie.failure().startsWith("failed FENCED"), zombie.failure());
        write(heir, at + 100_000, 100_000);
        heir.sink().flush(SOON);
        read(reader, 0, (int) at + 200_000);
        assertEquals(0, reader.source().available());
      }
    }
  }

  @Test
  void aReaderThatWasPausedIsFenced() throws Exception {
    try (Child writer = child("write", "&capacity=4MiB", 1);
        Child zombie = child("read", "", 2)) {
      zombie.await("committed", 300_000, LONG);
      zombie.signal("STOP");
      long position;
      try (Channel heir = reader("&takeover=true&commit=manual")) {
        position = facet(heir).position();
        assertTrue(position >= zombie.last("committed"));
        read(heir, position, 500_000);
        zombie.signal("CONT");
        say("fenced: " + zombie.awaitFailure(LONG));
        assertTrue(zombie.failure().contains("FENCED"), zombie.failure());
        assertEquals("", writer.failure());
      }
      try (Channel next = reader("&commit=manual")) {
        assertEquals(position, facet(next).position());
      }
    }
  }

  @Test
  void afterTheKillOfAWriterTheNextOneSucceedsAtOnce() throws Exception {
    try (Child first = child("write", "", 1)) {
      first.await("acknowledged", 1, LONG);
      AddressException refused = assertThrows(AddressException.class, () -> writer("").close());
      assertEquals(AddressException.Kind.IN_USE, refused.kind());
      first.kill();
      long begin = System.nanoTime();
      try (Channel next = writer("")) {
        long took = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begin);
        say("opened " + took + " ms after the kill");
        assertTrue(took < 5000, took + " ms");
        assertTrue(facet(next).acknowledged() >= first.last("acknowledged"));
      }
    }
  }

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

  private void awaitFewer(long bound) throws Exception {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(LONG);
    try (Connection connection = plain()) {
      while (bytes(info(connection, name)) > bound) {
        assertTrue(System.nanoTime() < deadline, "the stream does not become smaller");
      }
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

  // ---- any

  @Test
  void randomFaultsCostNothing() throws Exception {
    say("penstock.nats.faults=" + FAULTS + " penstock.nats.seed=" + SEED);
    Random random = new Random(SEED);
    Child writer = child("write", "&capacity=8MiB", random.nextLong());
    Child reader = child("read", "", random.nextLong());
    try {
      long acknowledged = 0;
      for (int fault = 0; fault < FAULTS; fault++) {
        // One that has no claim yet is refused, and not fenced.
        writer.await("opened", 0, LONG);
        reader.await("opened", 0, LONG);
        int server = random.nextInt(3);
        int some = random.nextInt(1500);
        int which = random.nextInt(8);
        switch (which) {
          case 0 -> {
            servers.kill(server);
            pause(Duration.ofMillis(some));
            servers.restart(server);
          }
          case 1 -> {
            servers.signal(server, "STOP");
            pause(Duration.ofMillis(some));
            servers.signal(server, "CONT");
          }
          case 2, 3 -> {
            writer.kill();
            acknowledged = Math.max(acknowledged, writer.last("acknowledged"));
            writer = child("write", "&capacity=8MiB", random.nextLong());
            writer.await("opened", acknowledged, LONG);
          }
          case 4 -> {
            reader.kill();
            reader = child("read", "", random.nextLong());
          }
          case 5 -> {
            writer.signal("STOP");
            pause(Duration.ofMillis(some));
            writer.signal("CONT");
          }
          case 6 -> {
            try (Child zombie = writer) {
              zombie.signal("STOP");
              acknowledged = Math.max(acknowledged, zombie.last("acknowledged"));
              writer = child("write", "&capacity=8MiB&takeover=true", random.nextLong());
              writer.await("opened", acknowledged, LONG);
              zombie.signal("CONT");
              assertTrue(zombie.awaitFailure(LONG).startsWith("failed FENCED"), zombie.failure());
            }
          }
          default -> {
            try (Child zombie = reader) {
              zombie.signal("STOP");
              reader = child("read", "&takeover=true", random.nextLong());
              reader.await("opened", zombie.last("committed"), LONG);
              zombie.signal("CONT");
              assertTrue(zombie.awaitFailure(LONG).contains("FENCED"), zombie.failure());
            }
          }
        }
        try {
          writer.await("opened", 0, LONG);
          long from = Math.max(writer.last("acknowledged"), writer.last("opened"));
          long stall = writer.await("acknowledged", from + 100_000, LONG);
          acknowledged = writer.last("acknowledged");
          long lag = reader.await("read", acknowledged, LONG);
          say("fault " + fault + " of sort " + which + ": " + stall + " + " + lag + " ms");
        } catch (AssertionError e) {
          throw told("fault " + fault + " of sort " + which, e);
        }
      }
    } finally {
      writer.kill();
      reader.kill();
    }
    try (Channel last = writer("&capacity=8MiB");
        Channel rest = reader("")) {
      long from = facet(rest).position();
      assertTrue(facet(last).acknowledged() >= writer.last("acknowledged"));
      read(rest, from, (int) (facet(last).acknowledged() - from));
      assertEquals(0, rest.source().available());
    }
  }
}
