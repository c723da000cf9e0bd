// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats;

import static org.junit.jupiter.api.Assertions.assertEquals;
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
import io.penstock.nats.support.Child;
import io.penstock.nats.support.NatsCluster;
import io.penstock.standalone.Penstock;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/** Lent to tests that kill and pause writers, readers and the three servers of a pipe. */
// A connection of the library's may be interrupted while it closes.
@SuppressWarnings("try")
abstract class PipeFaults {
  static final Wait SOON = Wait.upTo(Duration.ofSeconds(40));
  static final int LONG = 100;

  /** After the loss of a leader it goes on in about 15 s, docs/durable.md says. */
  static final int NEXT_LEADER = 45;

  private static final AtomicInteger NUMBERS = new AtomicInteger();
  private static final String SLOW = "&ackTimeout=90s";
  private static final List<Integer> ALL = List.of(0, 1, 2);

  /** The version that docs/durable.md tells of, or a newer one. */
  private static final String KEEPS_ALL = "2.15.1";

  /** So many records may be on their way to a server that has all. */
  private static final int FEW = 100;

  /** How much the reader that is killed reads at a time. */
  private static final int MOST_READ = 60_000;

  private static NatsCluster servers;
  static Penstock penstock;

  final String name = "fault-" + NUMBERS.incrementAndGet();

  // The servers of this test; most use those of all.
  NatsCluster own = servers;

  @BeforeAll
  static void begin() throws Exception {
    servers = NatsCluster.start(3);
    servers.awaitReady();
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

  String place(String keys) {
    String all = String.join(",", own.urls().stream().map(each -> each.substring(7)).toList());
    return "durable:nats://" + all + "/" + name + "?replicas=3&" + keys;
  }

  Channel end(String keys) throws IOException {
    return penstock.channels().open(Endpoint.parse(place(keys)), ChannelOptions.defaults(), SOON);
  }

  Channel writer(String keys) throws IOException {
    return end("mode=write" + keys);
  }

  Channel reader(String keys) throws IOException {
    return end("mode=read" + keys);
  }

  Child child(String role, String keys, long seed) throws IOException {
    return child(List.of(), role, keys, seed);
  }

  /** One whose command begins so, as in {@link Child#Child(List, Class, String...)}. */
  Child child(List<String> before, String role, String keys, long seed) throws IOException {
    String mode = role + (role.equals("read") ? "&commit=manual" : "");
    return new Child(before, FaultMain.class, role, place("mode=" + mode + SLOW + keys), "" + seed);
  }

  static DurableFacet facet(Channel channel) {
    return channel.facet(DurableFacet.class).orElseThrow();
  }

  static void write(Channel writer, long at, int count) throws IOException {
    writer.sink().writeFully(FaultMain.bytes(at, count), SOON);
  }

  static void read(Channel reader, long at, int count) throws IOException {
    assertEquals(at, facet(reader).position());
    ByteBuffer all = ByteBuffer.allocate(count);
    reader.source().readFully(all, SOON);
    FaultMain.check(all.flip(), at);
  }

  Connection plain() throws Exception {
    return Nats.connect(
        new Options.Builder()
            .servers(own.urls().toArray(String[]::new))
            .connectionTimeout(Duration.ofSeconds(2))
            .build());
  }

  JsonValue info() throws Exception {
    try (Connection connection = plain()) {
      return info(connection, name);
    }
  }

  static JsonValue info(Connection connection, String pipe) throws Exception {
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

  static long bytes(JsonValue info) {
    return JsonValueUtils.readLong(JsonValueUtils.readObject(info, "state"), "bytes", -1);
  }

  /** How large the servers let the stream become. */
  static long maxBytes(JsonValue info) {
    return JsonValueUtils.readLong(JsonValueUtils.readObject(info, "config"), "max_bytes", -1);
  }

  /**
   * How large that is where nothing is kept, as docs/cluster.md says: the capacity and a quarter
   * more, the window, which is 4 MiB, and 1 MiB.
   */
  static long promised(long capacity) {
    return capacity + capacity / 4 + (5 << 20);
  }

  int leader() throws Exception {
    String leader =
        JsonValueUtils.readString(JsonValueUtils.readObject(info(), "cluster"), "leader", "s0");
    return Integer.parseInt(leader.substring(1));
  }

  /** A pipe can be made. */
  static void awaitLeader() throws Exception {
    try (Channel made = new PipeFaults() {}.writer(SLOW)) {
      write(made, 0, 1);
      made.sink().flush(SOON);
    }
  }

  static void pause(Duration time) throws InterruptedException {
    boolean unused = new CountDownLatch(1).await(time.toMillis(), TimeUnit.MILLISECONDS);
  }

  static void say(String what) {
    System.out.println("faults: " + what);
  }

  // ---- what a fault costs

  void restartAll() throws Exception {
    for (int i = 0; i < 3; i++) {
      own.kill(i);
      own.restart(i);
    }
  }

  /** Waits until both ends are some way on. */
  void stall(String what, Child writer, Child reader) throws Exception {
    stall(what, writer, reader, LONG);
  }

  /**
   * The same.
   *
   * @param most how many seconds it may take until the writer is
   */
  void stall(String what, Child writer, Child reader, int most) throws Exception {
    long wrote;
    long read;
    try {
      wrote = writer.await("acknowledged", writer.last("acknowledged") + 300_000, most);
      read = reader.await("read", writer.last("acknowledged"), LONG);
    } catch (AssertionError e) {
      throw told(what, e);
    }
    say(what + ": " + wrote + " ms to the next 300 kB acknowledged, read " + read + " ms later");
  }

  AssertionError told(String what, AssertionError stalled) throws Exception {
    return new AssertionError(
        what + ": " + stalled.getMessage() + "; the servers tell " + info() + entries(), stalled);
  }

  /** What the leaders have: both keys, and where the entries of a pipe do not follow each other. */
  String entries() throws Exception {
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

  void awaitFewer(long bound) throws Exception {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(LONG);
    try (Connection connection = plain()) {
      while (bytes(info(connection, name)) > bound) {
        assertTrue(System.nanoTime() < deadline, "the stream does not become smaller");
      }
    }
  }

  // ---- faults

  /** Both ends are killed in the same moment, so many times. */
  void killBothEnds(int rounds, long seed) throws Exception {
    String told = "penstock.nats.seed=" + seed;
    say(told);
    Random random = new Random(seed);
    long acknowledged = 0;
    long committed = 0;
    long read = 0;
    for (int round = 0; round < rounds; round++) {
      try (Child writer = child("write", "&capacity=8MiB", random.nextLong());
          Child reader = child("read", "", random.nextLong())) {
        writer.await("opened", acknowledged, LONG);
        reader.await("opened", committed, LONG);
        assertTrue(reader.last("opened") <= read, "the reader has left out something; " + told);
        writer.await("acknowledged", acknowledged + 1 + random.nextInt(500_000), LONG);
        reader.await("committed", committed + 1 + random.nextInt(500_000), LONG);
        Child.killAll(writer, reader);
        acknowledged = writer.last("acknowledged");
        committed = reader.last("committed");
        // What it had read may be in a line that was cut off.
        read = reader.last("read") + MOST_READ;
      }
    }
    readRest(acknowledged);
  }

  /** Waits until a reader has opened, and leaves out nothing that the one before has not read. */
  private static void awaitHeir(Child heir, Child before, String what) throws InterruptedException {
    heir.await("opened", Math.max(0, before.last("committed")), LONG);
    // Not before: what a stopped one has said last may be heard a moment later.
    long read = Math.max(before.last("opened"), before.last("read")) + MOST_READ;
    assertTrue(heir.last("opened") <= read, "the reader has left out something: " + what);
  }

  /** What was acknowledged last is there, and all before it that was not committed. */
  void readRest(long acknowledged) throws Exception {
    try (Channel last = writer("&capacity=8MiB");
        Channel rest = reader("")) {
      long from = facet(rest).position();
      assertTrue(facet(last).acknowledged() >= acknowledged, "acknowledged bytes are lost");
      read(rest, from, (int) (facet(last).acknowledged() - from));
      assertEquals(0, rest.source().available());
    }
  }

  /**
   * Waits until each server has what was stored. Version 2.9.10 may lose acknowledged records if
   * another server goes before; docs/durable.md tells of that.
   */
  private void awaitComplete() throws Exception {
    awaitComplete(FEW);
  }

  /** Waits until each server has all but less than so many entries. */
  void awaitComplete(long few) throws Exception {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(LONG);
    try (Connection connection = plain()) {
      for (String each : List.of(name, name + "-keys")) {
        JsonValue info = info(connection, each);
        while (!isComplete(info, few)) {
          assertTrue(System.nanoTime() < deadline, "a server does not catch up: " + info);
          pause(Duration.ofMillis(50));
          info = info(connection, each);
        }
      }
    }
  }

  private static boolean isComplete(JsonValue info, long few) {
    JsonValue cluster = JsonValueUtils.readObject(info, "cluster");
    List<JsonValue> others = JsonValueUtils.readArray(cluster, "replicas");
    return others.size() == 2
        && !JsonValueUtils.readString(cluster, "leader", "").isEmpty()
        && others.stream()
            .allMatch(
                each ->
                    JsonValueUtils.readBoolean(each, "current", false)
                        && JsonValueUtils.readLong(each, "lag", 0) < few);
  }

  /** Kills servers, all in the same moment, or pauses them; and brings them back after a while. */
  private void strike(boolean kills, List<Integer> struck, Duration time) throws Exception {
    awaitComplete();
    if (kills) {
      own.kill(struck);
    } else {
      for (int each : struck) {
        own.pause(each);
      }
    }
    pause(time);
    for (int each : struck) {
      if (kills) {
        own.restart(each);
      } else {
        own.resume(each);
      }
    }
  }

  private static List<Integer> allBut(int server) {
    return ALL.stream().filter(each -> each != server).toList();
  }

  /**
   * Whether the servers keep what they have acknowledged when all are killed. Earlier versions may
   * lose some of it, as docs/durable.md tells.
   */
  private boolean keepsAll() throws Exception {
    try (Connection connection = plain()) {
      return connection.getServerInfo().isSameOrNewerThanVersion(KEEPS_ALL);
    }
  }

  /** So many faults of any sort, one after the other. */
  void randomFaults(int faults, long seed) throws Exception {
    say("penstock.nats.faults=" + faults + " penstock.nats.seed=" + seed);
    Random random = new Random(seed);
    Child writer = child("write", "&capacity=8MiB", random.nextLong());
    Child reader = child("read", "", random.nextLong());
    try {
      long acknowledged = 0;
      for (int fault = 0; fault < faults; fault++) {
        // One that has no claim yet is refused, and not fenced.
        writer.await("opened", 0, LONG);
        reader.await("opened", 0, LONG);
        int server = random.nextInt(3);
        int some = random.nextInt(1500);
        int which = random.nextInt(13);
        // A client that hears nothing for so long looks for another server.
        Duration brief = Duration.ofMillis(some);
        Duration longer = Duration.ofMillis(4L * some);
        String what = "fault " + fault + " of sort " + which + " of seed " + seed;
        switch (which) {
          case 0 -> strike(true, List.of(server), brief);
          case 1 -> strike(false, List.of(server), brief);
          case 2, 3 -> {
            writer.kill();
            acknowledged = Math.max(acknowledged, writer.last("acknowledged"));
            writer = child("write", "&capacity=8MiB", random.nextLong());
            writer.await("opened", acknowledged, LONG);
          }
          case 4 -> {
            Child before = reader;
            before.kill();
            reader = child("read", "", random.nextLong());
            awaitHeir(reader, before, what);
          }
          case 5 -> {
            writer.signal("STOP");
            pause(brief);
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
          case 7 -> {
            try (Child zombie = reader) {
              zombie.signal("STOP");
              reader = child("read", "&takeover=true", random.nextLong());
              awaitHeir(reader, zombie, what);
              zombie.signal("CONT");
              assertTrue(zombie.awaitFailure(LONG).contains("FENCED"), zombie.failure());
            }
          }
          case 8 -> {
            Child before = reader;
            Child.killAll(writer, before);
            acknowledged = Math.max(acknowledged, writer.last("acknowledged"));
            writer = child("write", "&capacity=8MiB", random.nextLong());
            reader = child("read", "", random.nextLong());
            writer.await("opened", acknowledged, LONG);
            awaitHeir(reader, before, what);
          }
          case 9 -> strike(true, allBut(server), longer);
          case 10 -> strike(false, allBut(server), longer);
          case 11 -> strike(false, ALL, longer);
          default -> strike(keepsAll(), ALL, longer);
        }
        try {
          writer.await("opened", 0, LONG);
          long from = Math.max(writer.last("acknowledged"), writer.last("opened"));
          long stall = writer.await("acknowledged", from + 100_000, LONG);
          acknowledged = writer.last("acknowledged");
          long lag = reader.await("read", acknowledged, LONG);
          say("fault " + fault + " of sort " + which + ": " + stall + " + " + lag + " ms");
        } catch (AssertionError e) {
          throw told(what, e);
        }
      }
    } finally {
      writer.kill();
      reader.kill();
    }
    readRest(writer.last("acknowledged"));
  }
}
