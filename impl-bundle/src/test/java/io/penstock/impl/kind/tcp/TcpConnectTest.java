// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.tcp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.error.AddressException;
import io.penstock.error.StreamClosedException;
import io.penstock.error.StreamTimeoutException;
import io.penstock.impl.channel.Channels;
import io.penstock.impl.channel.Natives;
import io.penstock.impl.channel.Providers;
import io.penstock.impl.engine.Scope;
import io.penstock.impl.kind.Peers;
import io.penstock.impl.kind.Peers.Peer;
import io.penstock.impl.kind.descriptor.ReceivedHandles;
import io.penstock.impl.posix.PosixAccess;
import io.penstock.spi.ListenerDriver;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Names with several addresses, and the time that connecting takes. */
class TcpConnectTest {
  private volatile Resolver resolver = Resolver.system();
  private final TcpProvider provider = new TcpProvider(host -> resolver.resolve(host));
  private final Peers peers = new Peers(provider);

  @AfterEach
  void close() throws IOException {
    peers.close();
  }

  private static InetAddress address(String literal) {
    try {
      return InetAddress.getByName(literal);
    } catch (UnknownHostException e) {
      throw new AssertionError(e);
    }
  }

  private static List<InetAddress> addresses(String... literals) {
    return Arrays.stream(literals).map(TcpConnectTest::address).toList();
  }

  private void resolve(String... literals) {
    List<InetAddress> all = addresses(literals);
    resolver = host -> host.equals("many.example") ? all : Resolver.system().resolve(host);
  }

  private static int port(ListenerDriver listener) {
    String text = listener.endpoint().address();
    return Integer.parseInt(text.substring(text.lastIndexOf(':') + 1));
  }

  private static int freePort() throws IOException {
    try (java.net.ServerSocket socket = new java.net.ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }

  private static String peerOf(Peer peer) {
    return ((InetSocketAddress) peer.driver().peer().orElseThrow()).getAddress().getHostAddress();
  }

  /** Threads of the tests before may be about to end. */
  private static void awaitNobodyElse() {
    for (String each : List.of("reactor", "timer", "resolver", "worker")) {
      Peers.eventually("no " + each + " is left", () -> Peers.threads("penstock-" + each) == 0);
    }
  }

  // ---- which address

  @Test
  void familiesTakeTurnsInTheOrderOfTheResolver() {
    assertEquals(
        addresses("::1", "127.0.0.1", "::2", "127.0.0.2", "::3", "::4"),
        TcpConnect.interleaved(addresses("::1", "::2", "::3", "::4", "127.0.0.1", "127.0.0.2")));
    assertEquals(
        addresses("127.0.0.1", "::1", "127.0.0.2"),
        TcpConnect.interleaved(addresses("127.0.0.1", "127.0.0.2", "::1")));
    assertEquals(addresses("::1"), TcpConnect.interleaved(addresses("::1")));
    assertEquals(List.of(), TcpConnect.interleaved(List.of()));
  }

  @Test
  void attemptsAreMadeWithTheFamiliesTakingTurns() throws IOException {
    // Nobody listens at all: each is refused, in the order of the attempts.
    int port = freePort();
    resolve("127.0.0.1", "127.0.0.2", "127.0.0.3", "::1");
    AddressException e =
        assertThrows(AddressException.class, () -> peers.connect("tcp://many.example:" + port));
    List<String> order =
        Arrays.stream(String.valueOf(e.getMessage()).split("; "))
            .map(part -> part.replaceAll("^.* (?=[0-9])|: [A-Z].*$", ""))
            .toList();
    assertEquals(
        List.of("127.0.0.1", "0:0:0:0:0:0:0:1", "127.0.0.2", "127.0.0.3"), order, e.getMessage());
  }

  @Test
  void aRefusalHandsOverToTheNextAddressAtOnce() throws IOException {
    ListenerDriver listener = peers.listen("tcp-listen://127.0.0.1:0");
    List<String> all = new ArrayList<>();
    for (int i = 2; i < 102; i++) {
      all.add("127.0.0." + i);
    }
    all.add("127.0.0.1");
    resolve(all.toArray(new String[0]));
    // A quarter of a second for each would be 25 s.
    ChannelOptions brief = ChannelOptions.defaults().withConnectTimeout(Duration.ofSeconds(15));
    Peer client = peers.connect("tcp://many.example:" + port(listener), brief);
    assertEquals("127.0.0.1", peerOf(client));
  }

  @Test
  void whoDoesNotAnswerHoldsTheNextUpForAQuarterOfASecond() throws IOException {
    ListenerDriver listener = peers.listen("tcp-listen://127.0.0.1:0");
    try (DeafServer deaf = new DeafServer(address("127.0.0.2"), port(listener))) {
      resolve("127.0.0.2", "127.0.0.1");
      long sockets = Peers.sockets(deaf.port());
      long start = System.nanoTime();
      Peer client =
          peers.connect(
              "tcp://many.example:" + deaf.port(),
              ChannelOptions.defaults().withConnectTimeout(Duration.ofMinutes(1)));
      long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
      assertEquals("127.0.0.1", peerOf(client));
      assertTrue(millis >= TcpConnect.STAGGER_MILLIS - 1, millis + " ms");
      // Sharing the minute out would be 30 s.
      assertTrue(millis < 15_000, millis + " ms");
      client.write("x");
      assertEquals("x", peers.accept(listener).read(1));
      Peers.eventually(
          "the attempt that lost was closed", () -> Peers.sockets(deaf.port()) <= sockets + 2);
    }
  }

  /** Both attempts are bound to it at the same time. */
  @Test
  void aChosenLocalPortHoldsTheNextUpNoLonger() throws IOException {
    ListenerDriver listener = peers.listen("tcp-listen://127.0.0.1:0");
    int free = freePort();
    try (DeafServer deaf = new DeafServer(address("127.0.0.2"), port(listener))) {
      resolve("127.0.0.2", "127.0.0.1");
      Peer client =
          peers.connect(
              "tcp://many.example:" + deaf.port() + "?localAddress=:" + free,
              ChannelOptions.defaults().withConnectTimeout(Duration.ofSeconds(15)));
      assertEquals("127.0.0.1", peerOf(client));
      assertEquals(free, ((InetSocketAddress) client.driver().local().orElseThrow()).getPort());
      client.write("x");
      assertEquals("x", peers.accept(listener).read(1));
    }
  }

  @Test
  void aLocalPortThatIsListenedAtIsInUse() throws IOException {
    ListenerDriver listener = peers.listen("tcp-listen://127.0.0.1:0");
    ListenerDriver other = peers.listen("tcp-listen://127.0.0.1:0");
    AddressException e =
        assertThrows(
            AddressException.class,
            () ->
                peers.connect(
                    "tcp://127.0.0.1:" + port(listener) + "?localAddress=:" + port(other)));
    assertEquals(AddressException.Kind.IN_USE, e.kind());
  }

  @Test
  void aLocalPortWithAConnectionToThatPeerIsInUse() throws IOException {
    ListenerDriver listener = peers.listen("tcp-listen://127.0.0.1:0");
    int free;
    try (ServerSocket socket = new ServerSocket(0)) {
      free = socket.getLocalPort();
    }
    String address = "tcp://127.0.0.1:" + port(listener) + "?localAddress=127.0.0.1:" + free;
    Peer first = peers.connect(address);
    AddressException e = assertThrows(AddressException.class, () -> peers.connect(address));
    assertEquals(AddressException.Kind.IN_USE, e.kind());
    first.close();
  }

  @Test
  void anAttemptUnderWayGoesOnWhenTheNextIsRefused() throws Exception {
    ListenerDriver listener = peers.listen("tcp-listen://127.0.0.1:0");
    int port = port(listener);
    try (DeafServer deaf = new DeafServer(address("127.0.0.2"), port)) {
      resolve("127.0.0.2", "127.0.0.3");
      CompletableFuture<?> connecting =
          peers.begin("tcp://many.example:" + deaf.port(), ChannelOptions.defaults());
      assertThrows(
          java.util.concurrent.TimeoutException.class,
          () -> connecting.get(600, TimeUnit.MILLISECONDS));
      assertFalse(connecting.isDone(), "the silent one may still answer");
      connecting.cancel(false);
    }
  }

  // ---- why not

  @Test
  void eachAddressIsNamedWithItsReasonWhenAllFail() throws IOException {
    ListenerDriver listener = peers.listen("tcp-listen://127.0.0.1:0");
    listener.close();
    resolve("127.0.0.3", "::1", "127.0.0.1");
    AddressException e =
        assertThrows(
            AddressException.class, () -> peers.connect("tcp://many.example:" + port(listener)));
    assertEquals(AddressException.Kind.REFUSED, e.kind());
    for (String each : List.of("127.0.0.3", "0:0:0:0:0:0:0:1", "127.0.0.1")) {
      assertTrue(e.getMessage().contains(each + ": Connection refused"), e.getMessage());
    }
  }

  @Test
  void aLimitThatPassesSaysWhoDidNotAnswer() throws IOException {
    try (DeafServer deaf = new DeafServer(address("127.0.0.2"), 0)) {
      resolve("127.0.0.2", "127.0.0.3");
      ChannelOptions brief = ChannelOptions.defaults().withConnectTimeout(Duration.ofMillis(2500));
      StreamTimeoutException e =
          assertThrows(
              StreamTimeoutException.class,
              () -> peers.connect("tcp://many.example:" + deaf.port(), brief));
      assertTrue(e.getMessage().contains("within 2500 ms"), e.getMessage());
      assertTrue(e.getMessage().contains("127.0.0.2: no answer"), e.getMessage());
      assertTrue(e.getMessage().contains("127.0.0.3: Connection refused"), e.getMessage());
    }
  }

  @Test
  void aNameWithoutAddressesIsNotFound() {
    resolver =
        host -> {
          throw new UnknownHostException(host);
        };
    AddressException e =
        assertThrows(AddressException.class, () -> peers.connect("tcp://nowhere.example:80"));
    assertEquals(AddressException.Kind.NOT_FOUND, e.kind());
    resolver = host -> List.of();
    assertThrows(IOException.class, () -> peers.connect("tcp://nowhere.example:80"));
  }

  @Test
  void aResolverThatFailsIsAFailureOfThatConnectionOnly() throws Exception {
    IllegalStateException broken = new IllegalStateException("broken on purpose");
    resolver =
        host -> {
          throw broken;
        };
    CompletableFuture<?> failing =
        peers.begin("tcp://broken.example:80", ChannelOptions.defaults());
    assertSame(
        broken,
        assertThrows(
                java.util.concurrent.ExecutionException.class,
                () -> failing.get(20, TimeUnit.SECONDS))
            .getCause());
    resolver = Resolver.system();
    ListenerDriver listener = peers.listen("tcp-listen://127.0.0.1:0");
    peers.connect("tcp://localhost:" + port(listener));
  }

  // ---- where from

  @Test
  void onlyAddressesOfTheLocalAddressesFamilyAreTried() throws IOException {
    ListenerDriver listener = peers.listen("tcp-listen://:0");
    resolve("::1", "127.0.0.1");
    Peer client = peers.connect("tcp://many.example:" + port(listener) + "?localAddress=127.0.0.9");
    assertEquals("127.0.0.1", peerOf(client));
    assertEquals("127.0.0.9", peerOf(peers.accept(listener)));
  }

  @Test
  void aLocalAddressOfTheWrongFamilyIsSaid() throws IOException {
    ListenerDriver listener = peers.listen("tcp-listen://:0");
    IOException e =
        assertThrows(
            IOException.class,
            () -> peers.connect("tcp://127.0.0.1:" + port(listener) + "?localAddress=[::1]"));
    assertTrue(e.getMessage().startsWith("tcp://127.0.0.1:" + port(listener)), e.getMessage());
  }

  @Test
  void theLocalPortCanBeChosen() throws IOException {
    int free = freePort();
    ListenerDriver listener = peers.listen("tcp-listen://127.0.0.1:0");
    Peer client = peers.connect("tcp://127.0.0.1:" + port(listener) + "?localAddress=:" + free);
    assertEquals(free, ((InetSocketAddress) client.driver().local().orElseThrow()).getPort());
  }

  // ---- which threads, and for how long

  @Test
  void lookingUpHoldsNobodyUpAndEndsWithAClose() throws Exception {
    CountDownLatch asked = new CountDownLatch(1);
    CountDownLatch answer = new CountDownLatch(1);
    Queue<String> threads = new ConcurrentLinkedQueue<>();
    resolver =
        host -> {
          threads.add(Thread.currentThread().getName());
          asked.countDown();
          await(answer);
          return addresses("127.0.0.1");
        };
    Providers providers = new Providers();
    providers.add(provider);
    Channels channels =
        new Channels(
            peers.engine(),
            providers,
            Scope.quiet(),
            options -> List.of(),
            new Natives(new PosixAccess("none"), new ReceivedHandles()));
    ListenerDriver listener = peers.listen("tcp-listen://127.0.0.1:0");
    io.penstock.channel.Channel channel =
        channels.connect(
            Endpoint.parse("tcp://slow.example:" + port(listener)), ChannelOptions.defaults());
    await(asked);
    assertEquals(List.of("penstock-resolver"), List.copyOf(threads));

    // The reactor is free meanwhile.
    Peer other = peers.connect("tcp://127.0.0.1:" + port(listener));
    Peer accepted = peers.accept(listener);
    CompletableFuture<Integer> reading =
        CompletableFuture.supplyAsync(
            () -> {
              try {
                return accepted.readOnce();
              } catch (IOException e) {
                return -2;
              }
            });
    other.write("x");
    assertEquals(1, Peers.get(reading));

    CompletableFuture<Integer> waiting =
        CompletableFuture.supplyAsync(
            () -> {
              try {
                return channel.source().read(ByteBuffer.allocate(1), Wait.forever());
              } catch (StreamClosedException
                  | io.penstock.error.StreamClosedWhileWaitingException e) {
                return -3;
              } catch (IOException e) {
                return -2;
              }
            });
    channel.close();
    assertEquals(-3, Peers.get(waiting));
    assertThrows(IOException.class, () -> Peers.get(channel.connected().toCompletableFuture()));
    answer.countDown();
    Peers.eventually("nothing is looked up", () -> Peers.threads("penstock-resolver") == 0);
  }

  private static void await(CountDownLatch latch) {
    try {
      assertTrue(latch.await(20, TimeUnit.SECONDS));
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void aLookUpCountsAgainstTheLimit() {
    CountDownLatch answer = new CountDownLatch(1);
    resolver =
        host -> {
          await(answer);
          return addresses("127.0.0.1");
        };
    ChannelOptions brief = ChannelOptions.defaults().withConnectTimeout(Duration.ofMillis(100));
    StreamTimeoutException e =
        assertThrows(
            StreamTimeoutException.class, () -> peers.connect("tcp://slow.example:80", brief));
    assertTrue(e.getMessage().contains("not looked up"), e.getMessage());
    answer.countDown();
  }

  @Test
  void manyLookUpsTakeFewThreads() throws Exception {
    awaitNobodyElse();
    CountDownLatch answer = new CountDownLatch(1);
    ListenerDriver listener = peers.listen("tcp-listen://127.0.0.1:0");
    resolver =
        host -> {
          await(answer);
          return addresses("127.0.0.1");
        };
    List<CompletableFuture<?>> all = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      all.add(peers.begin("tcp://slow.example:" + port(listener), ChannelOptions.defaults()));
    }
    assertTrue(Peers.threads("penstock-resolver") <= Lookups.THREADS);
    assertEquals(1, Peers.threads("penstock-timer"));
    answer.countDown();
    for (CompletableFuture<?> each : all) {
      ((io.penstock.spi.ChannelDriver) Peers.get(each)).abort(new IOException("over"));
    }
    Peers.eventually("nothing is looked up", () -> Peers.threads("penstock-resolver") == 0);
  }

  @Test
  void manyConnectionsAreMadeByOneThread() throws IOException {
    awaitNobodyElse();
    try (DeafServer deaf = new DeafServer(address("127.0.0.1"), 0)) {
      long sockets = Peers.sockets(deaf.port());
      List<CompletableFuture<?>> all = new ArrayList<>();
      for (int i = 0; i < 300; i++) {
        all.add(peers.begin("tcp://127.0.0.1:" + deaf.port(), ChannelOptions.defaults()));
      }
      Collections.shuffle(all, new java.util.Random(1));
      assertEquals(1, Peers.threads("penstock-reactor"));
      assertEquals(1, Peers.threads("penstock-timer"));
      assertEquals(0, Peers.threads("penstock-worker"));
      assertTrue(Peers.sockets(deaf.port()) >= sockets + 300);
      all.forEach(each -> each.cancel(true));
      Peers.eventually("all was given back", () -> Peers.sockets(deaf.port()) <= sockets);
    }
  }
}
