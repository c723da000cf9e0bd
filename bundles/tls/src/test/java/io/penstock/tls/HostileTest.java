// SPDX-License-Identifier: Apache-2.0
package io.penstock.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Listener;
import io.penstock.error.BrokenPipeException;
import io.penstock.error.ConnectionResetException;
import io.penstock.error.FrameTooLongException;
import io.penstock.error.StreamTimeoutException;
import io.penstock.poller.ChannelHandler;
import io.penstock.poller.Poller;
import io.penstock.poller.Registration;
import io.penstock.relay.Relay;
import io.penstock.relay.RelayException;
import io.penstock.relay.RelayObserver;
import io.penstock.relay.RelayOptions;
import io.penstock.stream.Framing;
import io.penstock.stream.Terminator;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Peers that mean harm, against servers that give back lines: each costs its own connection and
 * nothing else. An honest client asks all the while, over connections of its own.
 */
class HostileTest {
  private static final InetAddress LOOPBACK = InetAddress.getLoopbackAddress();
  private static final Duration LIMIT = Duration.ofSeconds(6);
  private static final int MAX_LINE = 64 * 1024;
  private static final int FLOOD = 300;

  /** What may be kept in stock outside the heap, however many come: buffers of all connections. */
  private static final long STOCK = 8 << 20;

  /** How long the honest client rests between two questions: handshakes cost more than attacks. */
  private static final long REST = TimeUnit.MILLISECONDS.toNanos(20);

  /** What an answer may take while somebody attacks, on a busy machine. */
  private static final long PATIENCE = TimeUnit.SECONDS.toNanos(15);

  // ---- servers

  /** The server that is attacked. */
  enum Kind {
    TCP_LINES(false, false),
    TLS_LINES(true, false),
    TCP_RELAY(false, true),
    TLS_RELAY(true, true);

    private final boolean tls;
    private final boolean relay;

    Kind(boolean tls, boolean relay) {
      this.tls = tls;
      this.relay = relay;
    }
  }

  /** A server, and an honest client that asks it. */
  private static final class Target implements AutoCloseable {
    private final Kind kind;
    private final Queue<Throwable> failures = new ConcurrentLinkedQueue<>();
    private final AtomicInteger opened = new AtomicInteger();
    private final AtomicInteger over = new AtomicInteger();
    private final @Nullable Poller poller;
    private final @Nullable Relay relay;
    private final Listener listener;
    private final Thread honest;
    private volatile boolean stop;
    private volatile @Nullable Throwable wrong;
    private volatile int answers;
    private volatile long slowest;

    Target(Kind kind) throws IOException {
      this.kind = kind;
      Endpoint endpoint =
          kind.tls
              ? Bench.listening("handshakeTimeout=" + LIMIT.toMillis() + "ms")
              : Endpoint.parse("tcp-listen://127.0.0.1:0");
      if (kind.relay) {
        poller = null;
        relay = relay(endpoint);
        listener = relay.listeners().get(0);
      } else {
        relay = null;
        listener = Bench.CHANNELS.listen(endpoint, ChannelOptions.defaults());
        poller = Bench.PENSTOCK.poller();
        poller.register(
            listener, Framing.lines(MAX_LINE).withFrameTimeout(LIMIT).withIdleTimeout(LIMIT));
        Object unused = poller.start(new Echo());
      }
      honest = new Thread(this::askOn, "honest");
      honest.setDaemon(true);
      honest.start();
    }

    private Relay relay(Endpoint endpoint) throws IOException {
      RelayOptions options =
          RelayOptions.defaults()
              .withFork(true)
              .withIdle(Wait.upTo(LIMIT))
              .withTotal(Wait.upTo(LIMIT.multipliedBy(2)))
              .withObserver(
                  new RelayObserver() {
                    @Override
                    public void joined(Channel from, Channel to) {
                      opened.incrementAndGet();
                    }

                    @Override
                    public void parted(@Nullable Channel from, @Nullable RelayException failure) {
                      if (failure != null) {
                        failures.add(Objects.requireNonNull(failure.getCause()));
                      }
                      over.incrementAndGet();
                    }
                  });
      Relay made = Bench.PENSTOCK.relays().create(endpoint, Endpoint.parse("echo:"), options);
      made.start();
      return made;
    }

    private final class Echo implements ChannelHandler {
      @Override
      public void opened(Registration from, Channel channel, Registration client) {
        opened.incrementAndGet();
        client.attach(channel);
      }

      @Override
      public void data(Registration from, ByteBuffer frame) throws IOException {
        try {
          channel(from).sink().write(frame, Wait.none());
        } catch (BrokenPipeException gone) {
          // Its source says so, too.
        }
      }

      @Override
      public void ended(Registration from) {
        over.incrementAndGet();
        channel(from).closeAsync();
      }

      @Override
      public void failed(Registration from, Throwable cause) {
        failures.add(cause);
        over.incrementAndGet();
        channel(from).abort(cause);
      }

      private Channel channel(Registration from) {
        return (Channel) Objects.requireNonNull(from.attachment());
      }
    }

    int port() {
      return Integer.parseInt(listener.endpoint().address().replaceAll(".*:", ""));
    }

    /** A connection as a client should have it. */
    Channel connect() throws IOException {
      return kind.tls
          ? Bench.connect(listener)
          : Bench.CHANNELS.open(
              Endpoint.parse("tcp://127.0.0.1:" + port()), ChannelOptions.defaults(), Bench.SOON);
    }

    /** A connection of which only the transport is there. */
    Socket call() throws IOException {
      Socket socket = new Socket();
      socket.connect(new InetSocketAddress(LOOPBACK, port()), 20_000);
      return socket;
    }

    private void askOn() {
      try {
        while (!stop) {
          long begun = System.nanoTime();
          ask();
          slowest = Math.max(slowest, System.nanoTime() - begun);
          answers = answers + 1;
          LockSupport.parkNanos(REST);
        }
      } catch (Throwable e) {
        wrong = e;
      }
    }

    private void ask() throws IOException {
      try (Channel channel = connect()) {
        channel.sink().writeFully("hello\n", Bench.SOON);
        assertEquals(
            "hello",
            channel.source().readLine(StandardCharsets.UTF_8, 100, Terminator.STRIP, Bench.SOON));
        channel.sink().end();
        assertEquals(0, channel.source().readAll(1, Bench.SOON).remaining());
      }
    }

    /** Fails unless the honest client was served all the while, and is still. */
    void assertServes() {
      int before = answers;
      Bench.eventually("the honest one is served", () -> wrong != null || answers > before + 1);
      if (wrong != null) {
        throw new AssertionError("the honest one was not served", wrong);
      }
      assertTrue(slowest < PATIENCE, "an answer took " + slowest / 1_000_000 + " ms");
    }

    /** Stops asking; returns what failed for other clients than the honest one. */
    List<Throwable> settle() throws InterruptedException {
      assertServes();
      stop = true;
      honest.join(20_000);
      Bench.eventually("everybody has gone", () -> over.get() == opened.get());
      return List.copyOf(failures);
    }

    @Override
    public void close() throws IOException {
      stop = true;
      if (poller != null) {
        poller.close();
      }
      if (relay != null) {
        relay.close();
      }
      listener.close();
    }
  }

  /** Those of the product, without the virtual machine's and the test's own. */
  private static long threads() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(each -> each.getName().startsWith("penstock-"))
        .count();
  }

  private static long heap() {
    Runtime runtime = Runtime.getRuntime();
    long least = Long.MAX_VALUE;
    for (int i = 0; i < 5; i++) {
      System.gc();
      least = Math.min(least, runtime.totalMemory() - runtime.freeMemory());
    }
    return least;
  }

  /** What is outside the heap and in use by buffers. */
  private static long direct() {
    return ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
        .filter(pool -> pool.getName().equals("direct"))
        .mapToLong(BufferPoolMXBean::getMemoryUsed)
        .sum();
  }

  /** Buffers outside the heap are given back some time after the collector has found them. */
  private static void assertDirectIsNoMoreThan(long before) {
    Bench.eventually(
        "no more than " + STOCK + " bytes are kept outside the heap",
        () -> {
          if (direct() - before <= STOCK) {
            return true;
          }
          System.gc();
          return false;
        });
  }

  // ---- the log

  private final Warnings log = new Warnings();

  @AfterEach
  void stopListening() {
    log.close();
  }

  private List<String> whileOpen() {
    return log.texts.stream().filter(line -> !line.contains(" more before the close")).toList();
  }

  // ---- attacks

  /** More than a line may have, as fast as it goes; the memory for it is that of one line. */
  @ParameterizedTest
  @EnumSource(names = {"TCP_LINES", "TLS_LINES"})
  void anEndlessLineIsCutAtItsLimit(Kind kind) throws Exception {
    try (Target target = new Target(kind)) {
      target.assertServes();
      long heap = heap();
      long direct = direct();
      for (int i = 0; i < 20; i++) {
        sendUntilCut(target, ByteBuffer.allocate(16 * 1024), 1000);
      }
      List<Throwable> failures = target.settle();
      assertEquals(20, failures.size(), failures::toString);
      failures.forEach(each -> assertInstanceOf(FrameTooLongException.class, each));
      assertTrue(heap() - heap < 4 << 20, "memory is kept");
      assertDirectIsNoMoreThan(direct);
    }
    assertEquals(List.of(), List.copyOf(log.texts), "the handler is told, once each");
  }

  private static void sendUntilCut(Target target, ByteBuffer piece, int most) throws IOException {
    int sent = 0;
    try (Channel channel = target.connect()) {
      while (sent < most) {
        channel.sink().writeFully(piece.clear(), Bench.SOON);
        sent++;
      }
    } catch (BrokenPipeException | ConnectionResetException cut) {
      // As it should be.
    }
    assertTrue(sent < most, "took " + sent + " pieces of one line");
  }

  /** Each byte comes before any idle limit is over: only an absolute one helps. */
  @ParameterizedTest
  @EnumSource
  void whoDripsIsCutAfterALimitThatNoByteRestarts(Kind kind) throws Exception {
    try (Target target = new Target(kind)) {
      long begun = System.nanoTime();
      List<Channel> slow = new ArrayList<>();
      for (int i = 0; i < 20; i++) {
        slow.add(target.connect());
      }
      while (target.failures.size() < slow.size()) {
        assertTrue(
            System.nanoTime() - begun < TimeUnit.SECONDS.toNanos(20),
            "only " + target.failures.size() + " were cut");
        for (Channel each : slow) {
          try {
            each.sink().write(ByteBuffer.wrap(new byte[] {'x'}), Wait.none());
          } catch (BrokenPipeException | ConnectionResetException cut) {
            // As it should be.
          }
        }
        LockSupport.parkNanos(LIMIT.toNanos() / 8);
      }
      assertTrue(System.nanoTime() - begun >= LIMIT.toNanos(), "cut too early");
      for (Channel each : slow) {
        each.abort(new IOException("the test is over"));
      }
      List<Throwable> failures = target.settle();
      assertEquals(20, failures.size(), failures::toString);
      failures.forEach(each -> assertInstanceOf(StreamTimeoutException.class, each));
    }
    assertEquals(List.of(), List.copyOf(log.texts));
  }

  /** Connections that never say a word, or never shake hands. */
  @ParameterizedTest
  @EnumSource
  void aFloodOfSilentConnectionsIsCutAndWeighsLittle(Kind kind) throws Exception {
    List<Socket> sockets = new ArrayList<>();
    try (Target target = new Target(kind)) {
      target.assertServes();
      long threads = threads();
      long heap = heap();
      long direct = direct();
      long begun = System.nanoTime();
      for (int i = 0; i < FLOOD; i++) {
        sockets.add(target.call());
      }
      // Of TLS nobody is opened, and all of it may be over already.
      long each = (heap() - heap) / FLOOD;
      assertTrue(each < 64 * 1024, "a silent connection weighs " + each + " bytes");
      assertDirectIsNoMoreThan(direct);
      // Workers come for a burst, and go two seconds later; none stays with a connection, which
      // would be as long as the limit.
      long more;
      do {
        more = threads() - threads;
      } while (more >= FLOOD / 3 && System.nanoTime() - begun < LIMIT.toNanos());
      assertTrue(more < FLOOD / 3, more + " more threads for " + FLOOD + " connections");
      target.assertServes();
      for (Socket socket : sockets) {
        socket.setSoTimeout(20_000);
        try {
          // TLS may tell why first.
          socket.getInputStream().readAllBytes();
        } catch (java.net.SocketException cut) {
          // As it should be.
        }
      }
      List<Throwable> failures = target.settle();
      if (kind.tls) {
        assertEquals(List.of(), failures, "nobody has seen them");
      } else {
        assertEquals(FLOOD, failures.size());
        failures.forEach(late -> assertInstanceOf(StreamTimeoutException.class, late));
      }
      assertTrue(heap() - heap < 4 << 20, "memory is kept");
      assertDirectIsNoMoreThan(direct);
    } finally {
      for (Socket socket : sockets) {
        socket.close();
      }
    }
    assertEquals(kind.tls ? 1 : 0, whileOpen().size(), log.texts::toString);
    // One is the line, the others are counted.
    String rest = " " + (FLOOD - 1) + " more before the close";
    assertEquals(kind.tls, log.texts.stream().anyMatch(line -> line.contains(rest)));
  }

  static Stream<Arguments> resets() {
    return Stream.of(Kind.values())
        .flatMap(kind -> Stream.of(arguments(kind, false), arguments(kind, true)));
  }

  /** Connections that are reset as soon as they are made, or while their bytes are on the way. */
  @ParameterizedTest
  @MethodSource("resets")
  void aFloodOfResetsIsOutlived(Kind kind, boolean afterBytes) throws Exception {
    try (Target target = new Target(kind)) {
      target.assertServes();
      long heap = heap();
      long direct = direct();
      for (int i = 0; i < FLOOD; i++) {
        try (Socket socket = target.call()) {
          if (afterBytes) {
            socket.getOutputStream().write(kind.tls ? HELLO : new byte[5000]);
          }
          socket.setSoLinger(true, 0);
        }
      }
      if (!kind.tls) {
        Bench.eventually("all were seen", () -> target.failures.size() >= FLOOD);
      }
      List<Throwable> failures = target.settle();
      assertEquals(kind.tls ? 0 : FLOOD, failures.size());
      failures.forEach(each -> assertInstanceOf(IOException.class, each));
      assertTrue(heap() - heap < 4 << 20, "memory is kept");
      assertDirectIsNoMoreThan(direct);
    }
    if (kind.tls) {
      // Cut while being read, or while being written; a few that came in time to be refused else.
      List<String> lines = whileOpen();
      assertTrue(lines.size() <= 4, log.texts::toString);
      assertEquals(lines.size(), lines.stream().map(HostileTest::reason).distinct().count());
    } else {
      assertEquals(List.of(), List.copyOf(log.texts));
    }
  }

  /** The beginning of a record that says that a handshake begins, and is not all there. */
  private static final byte[] HELLO = {22, 3, 1, 2, 0, 1, 0, 1, -4, 3, 3};

  private static String reason(String line) {
    return line.substring(line.indexOf("no connection with")).replaceFirst("/[0-9.:]*", "");
  }

  /** In the middle of lines that are answered, over whole connections. */
  @ParameterizedTest
  @EnumSource
  void aResetInTheMiddleOfATransferIsItsConnectionsOnly(Kind kind) throws Exception {
    try (Target target = new Target(kind)) {
      target.assertServes();
      for (int i = 0; i < 50; i++) {
        Channel rude = target.connect();
        rude.sink().writeFully("one\ntwo\nthr", Bench.SOON);
        assertEquals(
            "one",
            rude.source().readLine(StandardCharsets.UTF_8, 100, Terminator.STRIP, Bench.SOON));
        rude.abort(new IOException("rude"));
      }
      Bench.eventually("all have failed", () -> target.failures.size() >= 50);
      List<Throwable> failures = target.settle();
      assertEquals(50, failures.size());
      failures.forEach(each -> assertInstanceOf(IOException.class, each));
    }
    assertEquals(List.of(), List.copyOf(log.texts));
  }

  /** Sends as much as it can and takes nothing back: what is kept for it is bounded. */
  @ParameterizedTest
  @EnumSource(names = {"TCP_RELAY", "TLS_RELAY"})
  void whoSendsAndNeverReadsIsStalledAndCut(Kind kind) throws Exception {
    try (Target target = new Target(kind)) {
      target.assertServes();
      long heap = heap();
      long direct = direct();
      List<Channel> greedy = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        Channel channel = target.connect();
        greedy.add(channel);
        Object unused = channel.sink().writeAsync(ByteBuffer.allocateDirect(64 << 20));
      }
      Bench.eventually("all were cut", () -> target.failures.size() >= greedy.size());
      for (Channel each : greedy) {
        each.abort(new IOException("the test is over"));
      }
      List<Throwable> failures = target.settle();
      assertEquals(greedy.size(), failures.size(), failures::toString);
      failures.forEach(late -> assertInstanceOf(StreamTimeoutException.class, late));
      assertTrue(heap() - heap < 4 << 20, "memory is kept");
      assertDirectIsNoMoreThan(direct);
    }
    assertEquals(List.of(), List.copyOf(log.texts));
  }
}
