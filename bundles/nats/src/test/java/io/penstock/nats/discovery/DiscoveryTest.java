// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats.discovery;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.error.BrokenPipeException;
import io.penstock.error.ConnectionResetException;
import io.penstock.error.StreamTimeoutException;
import io.penstock.nats.NatsRegistries;
import io.penstock.nats.support.NatsCluster;
import io.penstock.remote.impl.node.EntryWatcher;
import io.penstock.remote.impl.node.OnRemoved;
import io.penstock.remote.impl.node.RemoteNode;
import io.penstock.remote.impl.provider.RemoteKind;
import io.penstock.remote.spi.Registry;
import io.penstock.remote.spi.RegistrySettings;
import io.penstock.remote.spi.RemoteEntry;
import io.penstock.runtime.RemoteDTO;
import io.penstock.runtime.RemoteEntryDTO;
import io.penstock.standalone.Penstock;
import io.penstock.stream.Terminator;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledIfEnvironmentVariable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Containers in processes of their own find each other by three servers. {@code
 * -Dpenstock.nats.long=true} has the long form, with all figures of {@code docs/cluster.md}.
 */
@Timeout(value = 10, unit = TimeUnit.MINUTES)
@DisabledIfEnvironmentVariable(
    named = "PENSTOCK_ELSEWHERE",
    matches = ".*\\bdiscovery\\b.*",
    disabledReason = "tried in the build beside this one")
class DiscoveryTest {
  // A container that gets no processor for a session is given up.
  private static final Duration SESSION = Duration.ofSeconds(Figure.LONG ? 1 : 2);
  private static final Wait SOON = Wait.upTo(Duration.ofSeconds(30));

  /** Megabytes of a server; what it has beyond what it needs depends on its garbage collector. */
  private static final long MOST_MEMORY = 400;

  private static NatsCluster cluster;

  private final List<Container> containers = new ArrayList<>();
  private final List<RemoteNode> nodes = new ArrayList<>();
  private final Penstock penstock = Penstock.open();
  // Of this attempt.
  private String name = unique();

  @BeforeAll
  static void begin() throws Exception {
    cluster = NatsCluster.start(3);
    cluster.awaitReady();
  }

  @AfterAll
  static void end() {
    if (cluster != null) {
      cluster.close();
    }
  }

  @AfterEach
  void close() {
    containers.forEach(Container::close);
    closeNodes();
    penstock.close();
  }

  private void closeNodes() {
    nodes.forEach(RemoteNode::close);
    nodes.clear();
  }

  private static String unique() {
    return "n" + UUID.randomUUID().toString().substring(0, 8);
  }

  /** All servers run again, and nobody hears of the containers that there were. */
  private void anew() throws Exception {
    containers.forEach(Container::close);
    containers.clear();
    closeNodes();
    name = unique();
    cluster.restartKilled();
  }

  private void attempts(Figure.Attempt body) throws Exception {
    Figure.attempts(body, this::anew);
  }

  private Container container(String node, Duration session) throws IOException {
    return container(node, session, cluster.urls());
  }

  private Container container(String node, Duration session, List<String> urls) throws IOException {
    Container made = new Container(List.of(), name + node, session, 3, urls);
    containers.add(made);
    return made;
  }

  private static RegistrySettings settings(Duration session) {
    return new RegistrySettings(cluster.urls(), session, 3, Map.of(), Map.of());
  }

  private RemoteNode node(String node, Duration session, OnRemoved onRemoved) {
    RemoteNode made =
        new RemoteNode(name + node, new NatsRegistries(), settings(session), onRemoved, null);
    nodes.add(made);
    return made;
  }

  private Seen watching(RemoteNode node) {
    Seen seen = new Seen();
    node.tell(seen);
    node.watch(name);
    return seen;
  }

  /** Lets time pass in which nothing must happen. */
  private static void pass(Duration time) throws InterruptedException {
    boolean unused = new CountDownLatch(1).await(time.toMillis(), TimeUnit.MILLISECONDS);
  }

  private void connected(RemoteNode node) throws InterruptedException {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    RemoteDTO seen = node.describe();
    while (!seen.connected()) {
      assertTrue(System.nanoTime() < end, "not connected: " + seen.trouble());
      pass(Duration.ofMillis(10));
      seen = node.describe();
    }
  }

  // ---- killed, stopped, paused

  private void killed(Duration session, int runs) throws Exception {
    RemoteNode b = node("b", session, OnRemoved.KEEP);
    Seen seen = watching(b);
    Container c = container("c", session);
    c.watch(name);
    for (int run = 0; run < runs; run++) {
      Container a = container("a" + run, session);
      long begun = a.publish(name, 0);
      String key = a.node() + "/0";
      Duration most = Duration.ofSeconds(5);
      Figure.tell("published until known in B", begun, seen.expect("added " + key), most);
      Figure.tell("published until known in C", begun, c.expect("added " + key), most);
      long killed = a.kill();
      String what = "killed until removed, session " + session.toSeconds() + " s, in ";
      most = session.plusSeconds(1);
      Figure.tell(what + "B", killed, seen.expect("removed " + key), most);
      Figure.tell(what + "C", killed, c.expect("removed " + key), most);
    }
  }

  @Test
  void whatIsPublishedIsKnownAndGoesWithItsProcess() throws Exception {
    // In each build each run is an attempt of its own.
    int runs = Figure.LONG ? 10 : 1;
    attempts(() -> killed(SESSION, runs));
    anew();
    attempts(() -> killed(Figure.LONG ? Duration.ofSeconds(3) : SESSION, runs));
  }

  private Channel open(RemoteNode consumer) throws IOException {
    return open(consumer, name, Duration.ofSeconds(30));
  }

  private Channel open(RemoteNode consumer, String wanted, Duration most) throws IOException {
    if (penstock.provider("remote").isPresent()) {
      penstock.withdraw(penstock.provider("remote").orElseThrow());
    }
    RemoteKind kind = new RemoteKind(penstock::provider, scheme -> Optional.empty());
    kind.use(consumer);
    penstock.provide(kind);
    return penstock
        .channels()
        .open(Endpoint.parse("remote:" + wanted), ChannelOptions.defaults(), Wait.upTo(most));
  }

  private static String ask(Channel channel) throws IOException {
    channel.sink().writeFully("?\n", SOON);
    return channel.source().readLine(StandardCharsets.UTF_8, 100, Terminator.STRIP, SOON);
  }

  @Test
  void aClientGoesOnToTheNextProvider() throws Exception {
    attempts(this::goesOn);
  }

  private void goesOn() throws Exception {
    Container a = container("a", SESSION);
    Container b = container("b", SESSION);
    RemoteNode consumer = node("c", SESSION, OnRemoved.ABORT_IF_SILENT);
    Seen seen = watching(consumer);
    long unused = a.publish(name, 9);
    unused = seen.expect("added " + a.node() + "/0");
    unused = b.publish(name, 1);
    unused = seen.expect("added " + b.node() + "/0");
    try (Channel channel = open(consumer)) {
      assertEquals(a.node(), ask(channel));
      long killed = a.kill();
      String what = "killed until its client meets ";
      try {
        assertEquals(null, ask(channel));
        what += "an end";
      } catch (ConnectionResetException | BrokenPipeException e) {
        what += "a reset";
      }
      Figure.tell(what, killed, System.nanoTime(), Duration.ofSeconds(1));
      try (Channel next = open(consumer)) {
        assertEquals(b.node(), ask(next));
        Figure.tell(
            "killed until the next answers", killed, System.nanoTime(), Duration.ofSeconds(1));
      }
    }
  }

  @Test
  void whatStopsInGoodOrderGoesAtOnce() throws Exception {
    attempts(this::stopsInGoodOrder);
  }

  private void stopsInGoodOrder() throws Exception {
    Container a = container("a", SESSION);
    RemoteNode consumer = node("c", SESSION, OnRemoved.KEEP);
    Seen seen = watching(consumer);
    long unused = a.publish(name, 0);
    unused = seen.expect("added " + a.node() + "/0");
    Channel channel = open(consumer);
    assertEquals(a.node(), ask(channel));
    long stopped = a.stop();
    long removed = seen.expect("removed " + a.node() + "/0");
    Figure.tell("stopped in good order until removed", stopped, removed, Duration.ofSeconds(1));
    assertEquals(-1, channel.source().read(ByteBuffer.allocate(1), SOON));
  }

  @Test
  void aStoppedExporterGoesAndComesBackOnce() throws Exception {
    attempts(this::stopped);
  }

  private void stopped() throws Exception {
    Container a = container("a", SESSION);
    RemoteNode consumer = node("c", SESSION, OnRemoved.ABORT_IF_SILENT);
    Seen seen = watching(consumer);
    long unused = a.publish(name, 0);
    unused = seen.expect("added " + a.node() + "/0");
    Channel channel = open(consumer);
    CompletableFuture<Long> reading =
        CompletableFuture.supplyAsync(
            () -> {
              try {
                int got = channel.source().read(ByteBuffer.allocate(1), Wait.forever());
                throw new AssertionError("read " + got);
              } catch (IOException e) {
                assertInstanceOf(ConnectionResetException.class, e);
                return System.nanoTime();
              }
            });
    long stopped = a.signal("STOP");
    long removed = seen.expect("removed " + a.node() + "/0");
    Figure.tell("stopped until removed", stopped, removed, SESSION.plusSeconds(1));
    long aborted = reading.get(60, TimeUnit.SECONDS);
    assertTrue(aborted - stopped >= SESSION.toNanos(), "aborted within a session");
    Figure.tell(
        "stopped until a blocked read is aborted",
        stopped,
        aborted,
        SESSION.multipliedBy(2).plusSeconds(1));
    long again = a.signal("CONT");
    Figure.tell(
        "continued until added again",
        again,
        seen.expect("added " + a.node() + "/0"),
        Duration.ofSeconds(5));
    pass(SESSION.multipliedBy(3));
    seen.expectNothing();
  }

  @Test
  void aPausedConsumerGivesUpOnlyWhatHasDied() throws Exception {
    attempts(this::paused);
  }

  private void paused() throws Exception {
    Container a = container("a", SESSION);
    Container living = container("living", SESSION);
    Container c = container("c", SESSION);
    c.watch(name);
    long unused = a.publish(name, 0);
    unused = c.expect("added " + a.node() + "/0");
    unused = living.publish(name, 0);
    unused = c.expect("added " + living.node() + "/0");
    unused = c.signal("STOP");
    pass(SESSION.multipliedBy(3));
    unused = c.signal("CONT");
    pass(SESSION.multipliedBy(3));
    assertEquals(List.of(), c.said());
    unused = c.signal("STOP");
    pass(SESSION);
    unused = a.kill();
    pass(SESSION.multipliedBy(2));
    long on = c.signal("CONT");
    Figure.tell(
        "consumer went on until the dead is removed",
        on,
        c.expect("removed " + a.node() + "/0"),
        Duration.ofSeconds(1));
    pass(SESSION.multipliedBy(2));
    assertEquals(List.of(), c.said());
  }

  // ---- servers

  /** Asks again and again, until it is told to stop. */
  private static CompletableFuture<Long> traffic(
      Channel channel, String expected, CountDownLatch stop) {
    return CompletableFuture.supplyAsync(
        () -> {
          try {
            long count = 0;
            while (!stop.await(20, TimeUnit.MILLISECONDS)) {
              assertEquals(expected, ask(channel));
              count++;
            }
            return count;
          } catch (IOException | InterruptedException e) {
            throw new CompletionException(e);
          }
        });
  }

  static List<Duration> sessions() {
    // By default it is 3 s; the shorter one needs a machine that does nothing else.
    return Figure.LONG ? List.of(Duration.ofSeconds(3), SESSION) : List.of(Duration.ofSeconds(3));
  }

  @ParameterizedTest
  @MethodSource("sessions")
  void noServerThatGoesTakesALivingOneAlong(Duration session) throws Exception {
    attempts(() -> serversGo(session));
  }

  private void serversGo(Duration session) throws Exception {
    Container a = container("a", session);
    Container dying = container("dying", session);
    RemoteNode consumer = node("c", session, OnRemoved.ABORT_IF_SILENT);
    Seen seen = watching(consumer);
    long unused = a.publish(name, 9);
    unused = seen.expect("added " + a.node() + "/0");
    unused = dying.publish(name, 1);
    unused = seen.expect("added " + dying.node() + "/0");
    Channel channel = open(consumer);
    CountDownLatch stop = new CountDownLatch(1);
    CompletableFuture<Long> traffic = traffic(channel, a.node(), stop);
    for (int i = 0; i < cluster.size(); i++) {
      long gone = System.nanoTime();
      cluster.kill(i);
      // Until the loss is noticed it counts as connected.
      pass(Duration.ofMillis(200));
      connected(consumer);
      Figure.tell(
          "a server is gone until its clients are connected elsewhere",
          gone,
          System.nanoTime(),
          Duration.ofSeconds(20));
      pass(Figure.LONG ? session.multipliedBy(3) : session.plusSeconds(1));
      cluster.restart(i);
      connected(consumer);
      pass(Duration.ofSeconds(Figure.LONG ? 4 : 1));
      seen.expectNothing();
    }
    for (int i = 0; i < cluster.size(); i++) {
      cluster.kill(i);
    }
    unused = dying.kill();
    pass(session.plusSeconds(1));
    seen.expectNothing();
    long back = System.nanoTime();
    for (int i = 0; i < cluster.size(); i++) {
      cluster.restart(i);
    }
    long ready = System.nanoTime();
    connected(consumer);
    long connected = System.nanoTime();
    Figure.tell(
        "all servers back until the registry is connected",
        ready,
        connected,
        Duration.ofSeconds(30));
    long removed = seen.expect("removed " + dying.node() + "/0");
    Figure.tell(
        "connected again until the dead is removed", connected, removed, session.plusSeconds(1));
    Figure.tell("servers started until the dead is removed", back, removed, Duration.ofSeconds(40));
    RemoteNode late = node("late", session, OnRemoved.KEEP);
    Seen lateSeen = watching(late);
    unused = lateSeen.expect("added " + a.node() + "/0");
    pass(session.plusSeconds(1));
    lateSeen.expectNothing();
    seen.expectNothing();
    stop.countDown();
    assertTrue(traffic.get(60, TimeUnit.SECONDS) > 0);
    channel.close();
  }

  @Test
  void aServerThatHangsTakesNobodyAlong() throws Exception {
    Assumptions.assumeTrue(Figure.LONG, "it takes a session of 3 s, and many of them");
    Duration session = Duration.ofSeconds(3);
    // The exporter is on one of the two that hang, and those that hear it are on the third.
    Container a = container("a", session, cluster.urls().subList(0, 2));
    Container c = container("c", session, cluster.urls().subList(2, 3));
    c.watch(name);
    long unused = a.publish(name, 0);
    unused = c.expect("added " + a.node() + "/0");
    for (int i = 0; i < 2; i++) {
      cluster.signal(i, "STOP");
      pass(session.multipliedBy(4));
      cluster.signal(i, "CONT");
      pass(session);
      assertEquals(List.of(), c.said());
    }
    unused = a.kill();
    unused = c.expect("removed " + a.node() + "/0");
  }

  /** Signs of life need no leader: those on the server that is left hear each other. */
  @Test
  void twoServersAwayFreezeOnlyTheContainersThatConnectAnew() throws Exception {
    Duration session = Duration.ofSeconds(3);
    List<String> left = cluster.urls().subList(2, 3);
    Container a = container("a", session, left);
    Container c = container("c", session, left);
    c.watch(name);
    long unused = a.publish(name, 0);
    unused = c.expect("added " + a.node() + "/0");
    RegistrySettings there = new RegistrySettings(left, session, 3, Map.of(), Map.of());
    RemoteNode stays =
        new RemoteNode(name + "stays", new NatsRegistries(), there, OnRemoved.KEEP, null);
    nodes.add(stays);
    connected(stays);
    cluster.kill(0);
    cluster.kill(1);
    pass(session.plusSeconds(1));
    assertEquals(List.of(), c.said());
    String fresh = unique();
    stays.publish(
        new RemoteEntry(
            stays.node(), 1, fresh, Endpoint.parse("tcp://127.0.0.1:1"), 0, Map.of(), Map.of()));
    assertThrows(StreamTimeoutException.class, () -> open(stays, fresh, session));
    assertEquals(
        List.of(RemoteEntryDTO.State.PENDING),
        stays.describe().entries().stream().map(RemoteEntryDTO::state).toList());
    RemoteNode late = node("late", session, OnRemoved.KEEP);
    String trouble = "";
    boolean led = false;
    for (int i = 0; i < 1500 && !trouble.contains("too few of the servers"); i++) {
      RemoteDTO seen = late.describe();
      trouble = seen.connected() ? "" : String.valueOf(seen.trouble());
      if (seen.connected()) {
        // A server that led answers for a while as if it led still.
        led = true;
        late.close();
        late = node("late" + i, session, OnRemoved.KEEP);
      }
      pass(Duration.ofMillis(10));
    }
    assertTrue(led || trouble.contains("too few of the servers"), trouble);
    cluster.restart(0);
    cluster.restart(1);
    connected(late);
    pass(session);
    assertEquals(List.of(), c.said());
    Seen seen = new Seen();
    late.tell(seen);
    late.watch(fresh);
    unused = seen.expect("added " + stays.node() + "/1");
    unused = a.kill();
    unused = c.expect("removed " + a.node() + "/0");
  }

  @Test
  void whatAnEmptyStoreHasForgottenIsPublishedAgain() throws Exception {
    attempts(this::storesAreEmpty);
  }

  private void storesAreEmpty() throws Exception {
    Container a = container("a", SESSION);
    long unused = a.publish(name, 0);
    for (int i = 0; i < cluster.size(); i++) {
      cluster.kill(i);
      cluster.forget(i);
    }
    for (int i = 0; i < cluster.size(); i++) {
      cluster.restart(i);
    }
    long ready = System.nanoTime();
    RemoteNode late = node("late", SESSION, OnRemoved.KEEP);
    Figure.tell(
        "empty servers ready until the entry is there",
        ready,
        watching(late).expect("added " + a.node() + "/0"),
        Duration.ofSeconds(30));
  }

  // ---- many

  @Test
  void afterMuchComingAndGoingAllAgree() throws Exception {
    int times = Figure.LONG ? 1000 : 2;
    Container a = container("a", SESSION);
    RemoteNode b = node("b", SESSION, OnRemoved.KEEP);
    RemoteNode c = node("c", SESSION, OnRemoved.KEEP);
    b.watch(name);
    c.watch(Registry.ALL);
    long begun = System.nanoTime();
    a.command("churn " + name + " " + times);
    Figure.tell(
        times * 50 + " registered and unregistered in",
        begun,
        a.expect("churned"),
        Duration.ofMinutes(2));
    for (RemoteNode each : List.of(b, c)) {
      List<Long> ids = new ArrayList<>();
      long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
      while (ids.size() != 25 && System.nanoTime() < end) {
        ids =
            each.find(name, Map.of()).get(60, TimeUnit.SECONDS).entries().stream()
                .map(RemoteEntry::id)
                .sorted()
                .toList();
      }
      List<Long> even = new ArrayList<>();
      for (long id = 2; id <= 50; id += 2) {
        even.add(id);
      }
      assertEquals(even, ids);
    }
  }

  @Test
  void oneOfManyIsFoundAtOnce() throws Exception {
    int count = Figure.LONG ? 100_000 : 5_000;
    CountDownLatch connected = new CountDownLatch(1);
    AtomicReference<Throwable> failure = new AtomicReference<>();
    try (Registry registry =
        new NatsRegistries().open(name + "many", settings(SESSION), new Connected(connected))) {
      assertTrue(connected.await(60, TimeUnit.SECONDS));
      Semaphore window = new Semaphore(500);
      long begun = System.nanoTime();
      for (int i = 0; i < count; i++) {
        window.acquire();
        registry
            .put(
                new RemoteEntry(
                    name + "many",
                    i,
                    name + i,
                    Endpoint.tcp("127.0.0.1", 1),
                    0,
                    Map.of("zone", "eu"),
                    Map.of()))
            .whenComplete(
                (done, why) -> {
                  if (why != null) {
                    failure.set(why);
                  }
                  window.release();
                });
      }
      window.acquire(500);
      assertEquals(null, failure.get());
      Figure.tell(count + " endpoints put in", begun, System.nanoTime(), Duration.ofMinutes(5));
      Figure.attempts(() -> findOneOf(count), this::closeNodes);
      RemoteNode c = node("all", SESSION, OnRemoved.KEEP);
      connected(c);
      begun = System.nanoTime();
      c.watch(Registry.ALL);
      CountDownLatch all = new CountDownLatch(count);
      c.tell(new Counting(all));
      assertTrue(all.await(5, TimeUnit.MINUTES), "missing: " + all.getCount());
      Figure.tell("all " + count + " known in", begun, System.nanoTime(), Duration.ofMinutes(5));
      for (int i = 0; i < cluster.size(); i++) {
        long megabytes = cluster.memory(i) / 1_000_000;
        System.out.println(
            "figure: " + count + " endpoints, a server has " + megabytes + " MB of memory");
        assertTrue(megabytes < MOST_MEMORY, megabytes + " MB of memory");
      }
    }
  }

  private void findOneOf(int count) throws Exception {
    RemoteNode b = node("b", SESSION, OnRemoved.KEEP);
    connected(b);
    long begun = System.nanoTime();
    assertEquals(1, b.find(name + 4711, Map.of()).get(60, TimeUnit.SECONDS).entries().size());
    Figure.tell(
        "one name of " + count + " found in", begun, System.nanoTime(), Duration.ofSeconds(1));
  }

  private record Counting(CountDownLatch latch) implements EntryWatcher {
    @Override
    public void added(RemoteEntry entry) {
      latch.countDown();
    }

    @Override
    public void changed(RemoteEntry old, RemoteEntry entry) {}

    @Override
    public void removed(RemoteEntry entry) {}
  }
}
