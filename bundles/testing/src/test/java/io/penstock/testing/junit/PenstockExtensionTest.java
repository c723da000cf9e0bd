// SPDX-License-Identifier: Apache-2.0
package io.penstock.testing.junit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectMethod;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelFactory;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.ChannelPair;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Listener;
import io.penstock.pipe.Pipe;
import io.penstock.pipe.PipeFactory;
import io.penstock.pipe.PipeOptions;
import io.penstock.poller.PollEvent;
import io.penstock.poller.Poller;
import io.penstock.relay.Relay;
import io.penstock.relay.RelayFactory;
import io.penstock.relay.RelayOptions;
import io.penstock.standalone.Penstock;
import io.penstock.stream.Framing;
import io.penstock.stream.Wait;
import io.penstock.testing.FaultScript;
import io.penstock.testing.FaultyChannel;
import io.penstock.testing.TestChannel;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.FileChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledForJreRange;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.JRE;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.testkit.engine.EngineTestKit;
import org.junit.platform.testkit.engine.Events;

/** Runs tests that use the extension, and sees which of them fail and why. */
class PenstockExtensionTest {
  private static final Wait SOON = Wait.upTo(Duration.ofSeconds(20));

  // What the inner tests leave behind, for this one to let go.
  private static final List<AutoCloseable> LEFT = new ArrayList<>();

  @AfterEach
  void letGo() throws Exception {
    for (AutoCloseable each : LEFT) {
      each.close();
    }
    LEFT.clear();
  }

  private static EngineTestKit.Builder kit() {
    return EngineTestKit.engine("junit-jupiter")
        .configurationParameter("io.penstock.testing.patience", "100");
  }

  /** The message by which one of the tests below failed. */
  private static String failure(Class<?> tests, String name) {
    Events run =
        kit()
            .selectors(
                List.of(tests.getDeclaredMethods()).stream()
                    .filter(method -> method.getName().equals(name))
                    .map(method -> selectMethod(tests, method))
                    .toArray(org.junit.platform.engine.DiscoverySelector[]::new))
            .execute()
            .testEvents();
    assertEquals(1, run.started().count(), name);
    return failures(run).stream().findFirst().orElse("succeeded");
  }

  private static List<String> failures(Events run) {
    return run.failed().stream()
        .map(event -> event.getRequiredPayload(TestExecutionResult.class))
        .map(result -> String.valueOf(result.getThrowable().orElseThrow().getMessage()))
        .toList();
  }

  private static void assertNames(String said, String... parts) {
    for (String part : parts) {
      assertTrue(said.contains(part), () -> "'" + part + "' is not in: " + said);
    }
  }

  // ---- clean tests

  /** Tests that leave nothing. */
  @ExtendWith(PenstockExtension.class)
  static class Clean {
    private final List<Channel> seen = new ArrayList<>();

    @BeforeEach
    void prepare(ChannelFactory channels, @OfKind("mem") ChannelPair pair) throws IOException {
      assertTrue(channels.schemes().contains("tcp"));
      seen.add(pair.left());
    }

    @RepeatedTest(1000)
    void connects(
        @OfKind("tcp") ChannelPair pair,
        Listener listener,
        Poller poller,
        Pipe pipe,
        ChannelFactory channels)
        throws Exception {
      pair.left().sink().writeFully("tea\n", SOON);
      poller.register(pair.right().source(), Framing.lines(99));
      assertTrue(poller.poll(SOON).get(0) instanceof PollEvent.Data);
      pipe.sink().writeFully("left unread", SOON);
      String there = listener.endpoint().withoutOptions().toString().replace("-listen", "");
      try (Channel client = channels.open(there);
          Channel server = listener.accept(SOON)) {
        client.sink().writeFully("bye", SOON);
        assertNotEquals(client, server);
      }
      Thread thread = new Thread(() -> assertFalse(seen.isEmpty()), "ends by itself");
      thread.start();
    }
  }

  @Test
  void cleanTestPassesThousandTimesInARow() {
    Events run =
        kit()
            .configurationParameter("io.penstock.testing.patience", "20000")
            .selectors(selectClass(Clean.class))
            .execute()
            .testEvents();
    assertEquals(List.of(), failures(run));
    run.assertStatistics(all -> all.started(1000).succeeded(1000));
  }

  /** What can be injected. */
  @ExtendWith(PenstockExtension.class)
  static class Injected {
    private static void talks(ChannelPair pair) throws IOException {
      pair.left().sink().writeFully("there\n", SOON);
      assertEquals("there", pair.right().source().readLine(StandardCharsets.UTF_8, 99));
      pair.right().sink().writeFully("back\n", SOON);
      assertEquals("back", pair.left().source().readLine(StandardCharsets.UTF_8, 99));
    }

    @Test
    void pairs(
        ChannelPair plain,
        @OfKind("mem") ChannelPair memory,
        @OfKind("tcp") ChannelPair tcp,
        @OfKind("unix") ChannelPair unix,
        @OfKind("tcp-listen://127.0.0.1:0?noDelay=false") ChannelPair given)
        throws IOException {
      for (ChannelPair pair : List.of(plain, memory, tcp, unix, given)) {
        talks(pair);
      }
      assertEquals("tcp", tcp.left().endpoint().scheme());
      assertEquals("unix", unix.left().endpoint().scheme());
    }

    @Test
    void listeners(
        Listener plain,
        @OfKind("mem") Listener memory,
        @OfKind("unix") Listener unix,
        Listener other)
        throws IOException {
      assertEquals("tcp-listen", plain.endpoint().scheme());
      assertEquals("mem-listen", memory.endpoint().scheme());
      assertTrue(Files.exists(Path.of(unix.endpoint().address())));
      assertNotEquals(plain.endpoint(), other.endpoint());
    }

    @Test
    void everythingElse(
        Pipe pipe,
        Pipe second,
        TestChannel channel,
        Poller poller,
        PipeFactory pipes,
        ChannelFactory channels,
        RelayFactory relays,
        Penstock penstock)
        throws IOException {
      assertNotEquals(pipe, second);
      channel.put("tea");
      assertEquals(3, channel.source().available());
      assertEquals(List.of(), poller.poll(Wait.none()));
      assertEquals(penstock.pipes(), pipes);
      assertEquals(penstock.channels(), channels);
      assertEquals(penstock.relays(), relays);
    }

    @Test
    void faultyChannelAboveAnInjectedOne(ChannelFactory channels, ChannelPair pair)
        throws IOException {
      try (Channel faulty = FaultyChannel.over(channels, pair.left(), FaultScript.seeded(1))) {
        pair.right().sink().writeFully("through all faults\n", SOON);
        assertEquals("through all faults", faulty.source().readLine(StandardCharsets.UTF_8, 99));
      }
    }
  }

  /** The first virtual thread that waits for a socket makes the JDK open selectors for good. */
  @ExtendWith(PenstockExtension.class)
  static class Virtual {
    @Test
    void waitsForASocket() throws Exception {
      try (ServerSocketChannel server = ServerSocketChannel.open()) {
        server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        CompletableFuture<Boolean> accepted = new CompletableFuture<>();
        Runnable accept =
            () -> {
              try (SocketChannel peer = server.accept()) {
                accepted.complete(peer.isConnected());
              } catch (IOException e) {
                accepted.completeExceptionally(e);
              }
            };
        Object thread =
            Thread.class.getMethod("startVirtualThread", Runnable.class).invoke(null, accept);
        while (((Thread) thread).getState() != Thread.State.WAITING) {
          LockSupport.parkNanos(200_000);
        }
        try (SocketChannel client = SocketChannel.open(server.getLocalAddress())) {
          assertTrue(client.isConnected());
          assertTrue(accepted.get(20, TimeUnit.SECONDS));
        }
        ((Thread) thread).join();
      }
    }
  }

  @Test
  @EnabledForJreRange(min = JRE.JAVA_21)
  void virtualThreadsOfTheJdkAreNotTheTests() {
    assertEquals("succeeded", failure(Virtual.class, "waitsForASocket"));
  }

  @Test
  void everythingIsInjected() {
    for (String name :
        List.of("pairs", "listeners", "everythingElse", "faultyChannelAboveAnInjectedOne")) {
      assertEquals("succeeded", failure(Injected.class, name));
    }
  }

  /** What other threads close when the test is over. */
  @ExtendWith(PenstockExtension.class)
  static class Late {
    @Test
    void closes(ChannelFactory channels, RelayFactory relays, ChannelPair one, ChannelPair two) {
      ChannelPair made = channels.pair(ChannelOptions.defaults());
      Relay relay = relays.create(one.left(), two.left(), RelayOptions.defaults());
      relay.start();
      CompletableFuture.delayedExecutor(100, TimeUnit.MILLISECONDS)
          .execute(
              () -> {
                made.left().abort(new IOException("the handler has seen the end"));
                made.right().abort(new IOException("the handler has seen the end"));
                relay.close();
              });
    }
  }

  @Test
  void whatIsClosedWithinThePatienceIsNotLeft() {
    Events run =
        kit()
            .configurationParameter("io.penstock.testing.patience", "20000")
            .selectors(selectClass(Late.class))
            .execute()
            .testEvents();
    run.assertStatistics(all -> all.started(1).succeeded(1));
  }

  // ---- leaks

  /** Tests that leave something. */
  @ExtendWith(PenstockExtension.class)
  static class Leaking {
    private static Endpoint there(Listener listener) {
      return Endpoint.parse(listener.endpoint().withoutOptions().toString().replace("-listen", ""));
    }

    @Test
    void channel(ChannelFactory channels, Listener listener) throws IOException {
      assertTrue(channels.open(there(listener), ChannelOptions.defaults(), SOON).isOpen());
    }

    @Test
    void acceptedChannel(ChannelFactory channels, Listener listener) throws IOException {
      try (Channel client = channels.open(there(listener), ChannelOptions.defaults(), SOON)) {
        assertTrue(client.isOpen());
        assertTrue(listener.accept(SOON).isOpen());
      }
    }

    @Test
    void pair(ChannelFactory channels) {
      assertTrue(channels.pair(ChannelOptions.defaults()).left().isOpen());
    }

    @Test
    void listener(ChannelFactory channels) throws IOException {
      assertTrue(channels.listen("tcp-listen://127.0.0.1:0").isOpen());
    }

    @Test
    void pipe(PipeFactory pipes) {
      assertTrue(pipes.create(PipeOptions.defaults()).sink().isOpen());
    }

    @Test
    void poller(Penstock penstock) throws IOException {
      assertEquals(List.of(), penstock.poller().poll(Wait.none()));
    }

    @Test
    void relay(RelayFactory relays, ChannelPair one, ChannelPair two) {
      Relay relay = relays.create(one.left(), two.left(), RelayOptions.defaults());
      relay.start();
    }

    @Test
    void thread() {
      CountDownLatch end = new CountDownLatch(1);
      Thread thread =
          new Thread(
              () -> {
                try {
                  end.await();
                } catch (InterruptedException e) {
                  Thread.currentThread().interrupt();
                }
              },
              "left alone");
      thread.start();
      LEFT.add(
          () -> {
            end.countDown();
            thread.join();
          });
    }

    @Test
    void file() throws IOException {
      Path file = Files.createTempFile("penstock", ".left");
      FileChannel open = FileChannel.open(file);
      LEFT.add(open);
      LEFT.add(() -> Files.delete(file));
    }

    @Test
    void socket() throws IOException {
      ServerSocketChannel open = ServerSocketChannel.open();
      LEFT.add(open);
      open.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
    }

    @Test
    void failing(ChannelFactory channels) {
      assertTrue(channels.pair(ChannelOptions.defaults()).left().isOpen());
      fail("the test's own failure");
    }
  }

  private static void assertCaught(String name, String... parts) {
    String said = failure(Leaking.class, name);
    assertNames(said, "left behind");
    assertNames(said, parts);
  }

  @Test
  void eachThingThatStaysOpenIsNamedWithWhereItWasMade() {
    String here = "PenstockExtensionTest$Leaking.";
    assertCaught("channel", "channel tcp:", "was made here: at", here + "channel(");
    assertCaught("acceptedChannel", "channel tcp", here + "acceptedChannel(");
    assertCaught("pair", "channel mem:pair was made here: at", here + "pair(");
    assertCaught("listener", "listener tcp-listen:", here + "listener(");
    assertCaught("pipe", "pipe", here + "pipe(");
    assertCaught("poller", "poller", here + "poller(");
    assertCaught("relay", "relay", here + "relay(");
  }

  @Test
  void threadIsNamedWithWhereItBeganAndStands() {
    assertCaught("thread", "thread 'left alone' (WAITING)", "Leaking.lambda$thread");
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void descriptorIsNamedWithWhatItIs() throws Exception {
    assertCaught("file", "descriptor ", ".left");
    letGo();
    String socket = failure(Leaking.class, "socket");
    int port = ((ServerSocketChannel) LEFT.get(0)).socket().getLocalPort();
    assertNames(socket, "descriptor ", "socket:[", ", TCP port " + port + ", listening");
  }

  @Test
  void failureOfTheTestStaysTheFirst() {
    assertNames(failure(Leaking.class, "failing"), "the test's own failure");
  }

  // ---- switched off

  /** What the test leaves is allowed. */
  @ExtendWith(PenstockExtension.class)
  @AllowLeaks(Leak.CHANNELS)
  static class Allowed {
    @Test
    void channelByTheClass(ChannelFactory channels) {
      assertTrue(channels.pair(ChannelOptions.defaults()).left().isOpen());
    }

    @Test
    @AllowLeaks(Leak.THREADS)
    void threadByTheMethod() {
      new Leaking().thread();
    }

    @Test
    @AllowLeaks
    void everything(ChannelFactory channels) throws IOException {
      new Leaking().thread();
      new Leaking().file();
      new Leaking().pair(channels);
    }

    @Test
    @AllowLeaks(Leak.THREADS)
    void channelThatTheMethodDoesNotAllow(ChannelFactory channels) {
      new Leaking().pair(channels);
    }
  }

  @Test
  void leaksAreAllowedByAnnotation() {
    assertEquals("succeeded", failure(Allowed.class, "channelByTheClass"));
    assertEquals("succeeded", failure(Allowed.class, "threadByTheMethod"));
    assertEquals("succeeded", failure(Allowed.class, "everything"));
    assertNames(failure(Allowed.class, "channelThatTheMethodDoesNotAllow"), "left behind");
  }

  @Test
  void testsInParallelAreNotBlamedForTheThreadsOfOthers() {
    Events run =
        kit()
            .configurationParameter("junit.jupiter.execution.parallel.enabled", "true")
            .selectors(selectMethod(Leaking.class, "thread"))
            .execute()
            .testEvents();
    run.assertStatistics(all -> all.started(1).succeeded(1));
  }

  // ---- misuse

  /** Wrong parameters. */
  @ExtendWith(PenstockExtension.class)
  static class Wrong {
    @Test
    void kind(@OfKind("carrier-pigeon") ChannelPair pair) {
      fail("injected " + pair);
    }

    @Test
    void kindOfPipe(@OfKind("tcp") Pipe pipe) {
      fail("injected " + pipe);
    }
  }

  /** A parameter of the constructor. */
  @ExtendWith(PenstockExtension.class)
  static class Early {
    Early(Pipe pipe) {
      assertTrue(pipe.sink().isOpen());
    }

    @Test
    void test() {
      fail("constructed");
    }
  }

  @Test
  void wrongParametersAreNamed() {
    assertNames(
        failure(Wrong.class, "kind"), "'carrier-pigeon' is no kind", "expected mem, tcp, unix");
    assertNames(failure(Wrong.class, "kindOfPipe"), "@OfKind is for ChannelPair and Listener");
    assertNames(failure(Early.class, "test"), "Pipe lives as long as one test", "@BeforeEach");
  }
}
