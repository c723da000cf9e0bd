// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.serve;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Listener;
import io.penstock.error.AddressException;
import io.penstock.error.FrameTooLongException;
import io.penstock.error.StreamFault;
import io.penstock.error.StreamTimeoutException;
import io.penstock.impl.kind.memory.MemoryProvider;
import io.penstock.poller.ChannelHandler;
import io.penstock.poller.Registration;
import io.penstock.runtime.ServerDTO;
import io.penstock.serve.ByteHandler;
import io.penstock.serve.Connection;
import io.penstock.serve.Execution;
import io.penstock.serve.LineHandler;
import io.penstock.serve.ServeOptions;
import io.penstock.serve.Server;
import io.penstock.spi.ChannelDriver;
import io.penstock.spi.ChannelProvider;
import io.penstock.spi.ProviderContext;
import io.penstock.standalone.Penstock;
import io.penstock.stream.Framing;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Handlers that are served, on a listener and on an outgoing connection. */
class ServingTest {
  private static final String ANY = "tcp-listen://127.0.0.1:0";
  private static final Wait SOON = Wait.upTo(Duration.ofSeconds(20));
  private static final Duration SHORT = Duration.ofMillis(200);

  /** Within it, a busy machine does what an idle one does at once. */
  private static final Duration MOMENT = Duration.ofSeconds(2);

  private final Penstock penstock = Penstock.open();

  @AfterEach
  void close() {
    penstock.close();
  }

  /** Records how connections begin and end, and answers as it is told to. */
  private static class Recorder implements LineHandler {
    final BlockingQueue<String> lines = new LinkedBlockingQueue<>();
    final BlockingQueue<Connection> opened = new LinkedBlockingQueue<>();
    final BlockingQueue<Object> closed = new LinkedBlockingQueue<>();

    @Override
    public void opened(Connection connection) {
      opened.add(connection);
    }

    @Override
    public void line(Connection connection, String line) throws IOException {
      lines.add(line);
      connection.reply(line);
    }

    @Override
    public void closed(Connection connection, @Nullable Throwable cause) {
      closed.add(cause == null ? "ended" : cause);
    }

    static <T> T next(BlockingQueue<T> queue) throws InterruptedException {
      T next = queue.poll(20, TimeUnit.SECONDS);
      if (next == null) {
        throw new AssertionError("nothing came");
      }
      return next;
    }
  }

  private Channel dial(Server server) throws IOException {
    Endpoint bound = server.endpoint();
    Channel channel =
        penstock.channels().open("tcp:" + bound.toString().substring("tcp-listen:".length()));
    channel.source().readWait(SOON);
    channel.sink().writeWait(SOON);
    return channel;
  }

  private static String line(Channel channel) throws IOException {
    return channel.source().readLine(UTF_8, 100_000);
  }

  private ServerDTO describe(Server server) {
    return ((RunningServer) server).describe(7);
  }

  @ParameterizedTest
  @EnumSource(Execution.class)
  void linesAreAnsweredInOrder(Execution execution) throws Exception {
    Recorder echo = new Recorder();
    try (Server server =
            penstock.serve(
                Endpoint.parse(ANY), echo, ServeOptions.defaults().withExecution(execution));
        Channel client = dial(server)) {
      int many = 300;
      StringBuilder all = new StringBuilder();
      IntStream.range(0, many).forEach(i -> all.append("line ").append(i).append("\r\n"));
      client.sink().writeFully(all + "last, without a line end");
      client.sink().end();
      for (int i = 0; i < many; i++) {
        assertEquals("line " + i, line(client));
      }
      assertEquals("last, without a line end", line(client));
      assertEquals(-1, client.source().read(ByteBuffer.allocate(1)));
      assertEquals("ended", Recorder.next(echo.closed));
      assertEquals(many + 1, describe(server).frames());
      assertEquals(1, describe(server).opened());
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void lineHasNoLineEnd(boolean delimiter) throws Exception {
    Recorder echo = new Recorder();
    Framing framing = Framing.lines(100);
    try (Server server =
            penstock.serve(
                Endpoint.parse(ANY),
                echo,
                ServeOptions.defaults()
                    .withFraming(delimiter ? framing : framing.withoutDelimiter()));
        Channel client = dial(server)) {
      client.sink().writeFully("abc\r\ndef\n\r\n\nlast");
      client.sink().end();
      for (String expected : List.of("abc", "def", "", "", "last")) {
        assertEquals(expected, Recorder.next(echo.lines));
        assertEquals(expected, line(client));
      }
    }
  }

  @Test
  void lambdaServes() throws Exception {
    try (Server server = penstock.serve(ANY, (client, text) -> client.reply(text + "!"));
        Channel client = dial(server)) {
      client.sink().writeFully("tea\n");
      assertEquals("tea!", line(client));
    }
  }

  @ParameterizedTest
  @EnumSource(Execution.class)
  void peerThatDoesNotReadIsNotRead(Execution execution) throws Exception {
    int size = 32 * 1024;
    Recorder echo = new Recorder();
    try (Server server =
            penstock.serve(
                Endpoint.parse(ANY), echo, ServeOptions.defaults().withExecution(execution));
        Channel client = dial(server);
        Channel other = dial(server)) {
      String line = "x".repeat(size - 1) + "\n";
      int written = 0;
      // Until all buffers between the two are full, the server's included.
      client.sink().writeWait(Wait.upTo(MOMENT));
      try {
        for (; written < 4000; written++) {
          client.sink().writeFully(line);
        }
      } catch (StreamTimeoutException e) {
        written++;
        client.sink().writeAsync(UTF_8.encode(line.substring((int) e.count())));
      }
      assertTrue(written < 4000, "the server read all of it");
      String waits = "the peer to take a reply";
      long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
      while (describe(server).connections().stream().noneMatch(c -> c.waits().equals(waits))) {
        assertTrue(System.nanoTime() < end, () -> describe(server).toString());
        Thread.onSpinWait();
      }
      other.sink().writeFully("quick\n");
      assertEquals("quick", line(other));
      for (int i = 0; i < written; i++) {
        assertEquals(size - 1, line(client).length());
      }
    }
  }

  @Test
  void peerThatTakesNoReplyIsCutAfterTheIdleTimeout() throws Exception {
    Recorder flood =
        new Recorder() {
          @Override
          public void line(Connection connection, String line) {
            for (int i = 0; i < 200; i++) {
              connection.reply("y".repeat(100_000));
            }
          }
        };
    ServeOptions patient =
        ServeOptions.defaults().withFraming(Framing.lines(100).withIdleTimeout(MOMENT));
    try (Server server = penstock.serve(Endpoint.parse(ANY), flood, patient);
        Channel client = dial(server)) {
      client.sink().writeFully("go\n");
      StreamTimeoutException cause =
          assertInstanceOf(StreamTimeoutException.class, Recorder.next(flood.closed));
      assertTrue(
          cause.getMessage().contains("has not taken a reply within 2000 ms"), cause::toString);
    }
  }

  @ParameterizedTest
  @EnumSource(Execution.class)
  void handlerThatThrowsLosesOneConnection(Execution execution) throws Exception {
    Recorder picky =
        new Recorder() {
          @Override
          public void line(Connection connection, String line) throws IOException {
            if (line.equals("bad")) {
              throw new IllegalStateException("no bad lines");
            }
            super.line(connection, line);
          }
        };
    try (Server server =
            penstock.serve(
                Endpoint.parse(ANY), picky, ServeOptions.defaults().withExecution(execution));
        Channel good = dial(server);
        Channel bad = dial(server)) {
      bad.sink().writeFully("bad\n");
      assertEquals(
          "no bad lines",
          assertInstanceOf(IllegalStateException.class, Recorder.next(picky.closed)).getMessage());
      assertThrows(IOException.class, () -> line(bad));
      good.sink().writeFully("good\n");
      assertEquals("good", line(good));
      ServerDTO told = describe(server);
      assertEquals(1, told.faults());
      assertEquals("java.lang.IllegalStateException: no bad lines", told.lastFault());
      assertTrue(told.lastFaultAt() > 0);
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = Execution.class,
      names = {"POOL", "VIRTUAL"})
  void handlerThatWaitsDelaysItsOwnConnectionOnly(Execution execution) throws Exception {
    CountDownLatch release = new CountDownLatch(1);
    Recorder slow =
        new Recorder() {
          @Override
          public void line(Connection connection, String line) throws IOException {
            if (line.equals("wait")) {
              await(release);
            }
            super.line(connection, line);
          }
        };
    try (Server server =
            penstock.serve(
                Endpoint.parse(ANY), slow, ServeOptions.defaults().withExecution(execution));
        Channel waiting = dial(server);
        Channel other = dial(server)) {
      waiting.sink().writeFully("wait\nafter\n");
      for (int i = 0; i < 50; i++) {
        other.sink().writeFully(i + "\n");
        assertEquals("" + i, line(other));
      }
      assertTrue(
          describe(server).connections().stream().anyMatch(c -> c.waits().equals("the handler")));
      release.countDown();
      assertEquals("wait", line(waiting));
      assertEquals("after", line(waiting));
    } finally {
      release.countDown();
    }
  }

  private static void await(CountDownLatch latch) throws IOException {
    try {
      if (!latch.await(20, TimeUnit.SECONDS)) {
        throw new IOException("nobody came");
      }
    } catch (InterruptedException e) {
      throw new IOException("interrupted", e);
    }
  }

  @Test
  void moreCallsThanThreadsWaitTheirTurn() throws Exception {
    CountDownLatch release = new CountDownLatch(1);
    AtomicInteger calls = new AtomicInteger();
    CountDownLatch full = new CountDownLatch(ServeOptions.POOL);
    LineHandler slow =
        (client, line) -> {
          calls.incrementAndGet();
          full.countDown();
          await(release);
          client.reply(line);
        };
    try (Server server =
        penstock.serve(
            Endpoint.parse(ANY), slow, ServeOptions.defaults().withExecution(Execution.POOL))) {
      List<Channel> clients =
          IntStream.range(0, ServeOptions.POOL + 5).mapToObj(i -> quietly(server)).toList();
      for (Channel client : clients) {
        client.sink().writeFully("x\n");
      }
      assertTrue(full.await(20, TimeUnit.SECONDS));
      assertEquals(ServeOptions.POOL, calls.get());
      release.countDown();
      for (Channel client : clients) {
        assertEquals("x", line(client));
      }
    } finally {
      release.countDown();
    }
  }

  private Channel quietly(Server server) {
    try {
      return dial(server);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @ParameterizedTest
  @EnumSource(Execution.class)
  void closeLetsACallReturnAndItsReplyLeave(Execution execution) throws Exception {
    CountDownLatch called = new CountDownLatch(1);
    CountDownLatch release = new CountDownLatch(1);
    Recorder slow =
        new Recorder() {
          @Override
          public void line(Connection connection, String line) throws IOException {
            called.countDown();
            await(release);
            super.line(connection, line);
          }
        };
    Server server =
        penstock.serve(Endpoint.parse(ANY), slow, ServeOptions.defaults().withExecution(execution));
    ExecutorService closer = Executors.newSingleThreadExecutor();
    try (Channel busy = dial(server);
        Channel idle = dial(server)) {
      Recorder.next(slow.opened);
      Recorder.next(slow.opened);
      busy.sink().writeFully("one\ntwo\n");
      assertTrue(called.await(20, TimeUnit.SECONDS));
      Future<?> closed = closer.submit(server::close);
      while (!drains(server)) {
        LockSupport.parkNanos(200_000);
      }
      release.countDown();
      assertEquals("one", line(busy));
      // The second one was not begun.
      assertEquals(-1, busy.source().read(ByteBuffer.allocate(1)));
      assertEquals(-1, idle.source().read(ByteBuffer.allocate(1)));
      closed.get(20, TimeUnit.SECONDS);
      assertEquals(List.of("one"), List.copyOf(slow.lines));
      assertEquals("ended", Recorder.next(slow.closed));
      assertEquals("ended", Recorder.next(slow.closed));
      assertTrue(server.connections().isEmpty());
      AddressException refused = assertThrows(AddressException.class, () -> dial(server).close());
      assertEquals(AddressException.Kind.REFUSED, refused.kind());
    } finally {
      closer.shutdownNow();
    }
  }

  private boolean drains(Server server) {
    return describe(server).connections().stream().allMatch(c -> c.waits().equals("the close"));
  }

  @ParameterizedTest
  @EnumSource(Execution.class)
  void closeCutsWhatIsNotDoneInTime(Execution execution) throws Exception {
    Recorder flood =
        new Recorder() {
          @Override
          public void line(Connection connection, String line) {
            for (int i = 0; i < 200; i++) {
              connection.reply("y".repeat(100_000));
            }
            lines.add(line);
          }
        };
    Server server =
        penstock.serve(
            Endpoint.parse(ANY),
            flood,
            ServeOptions.defaults().withDrainTimeout(SHORT).withExecution(execution));
    try (Channel client = dial(server)) {
      client.sink().writeFully("go\n");
      Recorder.next(flood.lines);
      server.close();
      assertInstanceOf(Throwable.class, Recorder.next(flood.closed));
      assertThrows(IOException.class, () -> client.source().readAll(1 << 30));
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = Execution.class,
      names = {"POOL", "VIRTUAL"})
  void callThatIsStuckCostsNoOtherConnectionItsReplies(Execution execution) throws Exception {
    CountDownLatch called = new CountDownLatch(1);
    CountDownLatch release = new CountDownLatch(1);
    Recorder stuck =
        new Recorder() {
          @Override
          public void line(Connection connection, String line) throws IOException {
            if (line.equals("stuck")) {
              called.countDown();
              await(release);
            }
            super.line(connection, line);
          }
        };
    Server server =
        penstock.serve(
            Endpoint.parse(ANY),
            stuck,
            ServeOptions.defaults().withDrainTimeout(MOMENT).withExecution(execution));
    ExecutorService closers = Executors.newFixedThreadPool(2);
    try (Channel bad = dial(server);
        Channel good = dial(server)) {
      bad.sink().writeFully("stuck\n");
      good.sink().writeFully("fine\n");
      assertTrue(called.await(20, TimeUnit.SECONDS));
      assertEquals("fine", line(good));
      Future<?> first = closers.submit(server::close);
      Future<?> second = closers.submit(server::close);
      assertEquals(-1, good.source().read(ByteBuffer.allocate(1)));
      first.get(20, TimeUnit.SECONDS);
      second.get(20, TimeUnit.SECONDS);
      assertEquals("ended", Recorder.next(stuck.closed));
      assertThrows(IOException.class, () -> line(bad));
      // The connection was cut, and its handler is not called any more.
      release.countDown();
      assertNull(stuck.closed.poll(100, TimeUnit.MILLISECONDS));
    } finally {
      release.countDown();
      closers.shutdownNow();
    }
  }

  @Test
  void completionOfAReplyMayCloseTheServer() throws Exception {
    BlockingQueue<Server> own = new LinkedBlockingQueue<>();
    LineHandler last =
        (client, line) -> client.reply("y".repeat(5_000_000)).thenRun(() -> own.remove().close());
    Server server = penstock.serve(ANY, last);
    own.add(server);
    try (Channel client = dial(server)) {
      client.sink().writeFully("go\n");
      assertEquals(5_000_001, client.source().readAll(1 << 30).remaining());
    }
  }

  @Test
  void peerThatIsSentMoreAndMoreIsCutAfterTheIdleTimeout() throws Exception {
    Recorder echo = new Recorder();
    ServeOptions patient =
        ServeOptions.defaults().withFraming(Framing.lines(100).withIdleTimeout(SHORT));
    try (Server server = penstock.serve(Endpoint.parse(ANY), echo, patient);
        Channel client = dial(server)) {
      Connection connection = Recorder.next(echo.opened);
      assertTrue(client.isOpen());
      Object cause;
      do {
        connection.reply("y".repeat(100_000));
        cause = echo.closed.poll(20, TimeUnit.MILLISECONDS);
      } while (cause == null);
      assertInstanceOf(StreamTimeoutException.class, cause);
    }
  }

  @ParameterizedTest
  @EnumSource(Execution.class)
  void lastCallMayCloseTheServer(Execution execution) throws Exception {
    BlockingQueue<Server> own = new LinkedBlockingQueue<>();
    Recorder pausing =
        new Recorder() {
          @Override
          public void line(Connection connection, String line) throws IOException {
            super.line(connection, line);
            connection.pause();
          }

          @Override
          public void closed(Connection connection, @Nullable Throwable cause) {
            own.peek().close();
            super.closed(connection, cause);
          }
        };
    Server server =
        penstock.serve(
            Endpoint.parse(ANY),
            pausing,
            ServeOptions.defaults().withDrainTimeout(SHORT).withExecution(execution));
    own.add(server);
    ExecutorService closer = Executors.newSingleThreadExecutor();
    try (Channel client = dial(server)) {
      client.sink().writeFully("one\n");
      assertEquals("one", line(client));
      closer.submit(server::close).get(20, TimeUnit.SECONDS);
      assertInstanceOf(IOException.class, Recorder.next(pausing.closed));
      assertNull(pausing.closed.poll());
    } finally {
      closer.shutdownNow();
    }
  }

  @Test
  void drainWithoutLimitIsOne() throws Exception {
    Recorder echo = new Recorder();
    Server server =
        penstock.serve(
            Endpoint.parse(ANY),
            echo,
            ServeOptions.defaults().withDrainTimeout(Duration.ofSeconds(Long.MAX_VALUE)));
    try (Channel client = dial(server)) {
      Recorder.next(echo.opened);
      server.close();
      assertEquals(-1, client.source().read(ByteBuffer.allocate(1)));
    }
  }

  @ParameterizedTest
  @EnumSource(Execution.class)
  void handlerMayCloseItsOwnServer(Execution execution) throws Exception {
    BlockingQueue<Server> own = new LinkedBlockingQueue<>();
    Recorder last =
        new Recorder() {
          @Override
          public void line(Connection connection, String line) throws IOException {
            super.line(connection, line);
            Server server = own.remove();
            server.close();
            server.close();
          }
        };
    Server server =
        penstock.serve(Endpoint.parse(ANY), last, ServeOptions.defaults().withExecution(execution));
    own.add(server);
    try (Channel client = dial(server)) {
      client.sink().writeFully("bye\n");
      assertEquals("bye", line(client));
      assertEquals(-1, client.source().read(ByteBuffer.allocate(1)));
      assertEquals("ended", Recorder.next(last.closed));
    }
  }

  @Test
  void moreConnectionsThanAllowedWait() throws Exception {
    Recorder echo = new Recorder();
    try (Server server =
        penstock.serve(Endpoint.parse(ANY), echo, ServeOptions.defaults().withMaxConnections(1))) {
      Channel first = dial(server);
      Channel second = dial(server);
      second.sink().writeFully("second\n");
      first.sink().writeFully("first\n");
      assertEquals("first", line(first));
      assertEquals(1, describe(server).opened());
      assertEquals("first", Recorder.next(echo.lines));
      assertNull(echo.lines.peek());
      first.close();
      assertEquals("second", line(second));
      ((RunningServer) server).change(ServeOptions.defaults().withMaxConnections(2));
      try (Channel third = dial(server)) {
        third.sink().writeFully("third\n");
        assertEquals("third", line(third));
      }
      second.close();
    }
  }

  @Test
  void changedFramingLetsInNoMoreThanAllowed() throws Exception {
    Recorder echo = new Recorder();
    ServeOptions one = ServeOptions.defaults().withMaxConnections(1);
    try (Server server = penstock.serve(Endpoint.parse(ANY), echo, one);
        Channel first = dial(server);
        Channel second = dial(server)) {
      first.sink().writeFully("first\n");
      assertEquals("first", line(first));
      for (int i = 0; i < 500; i++) {
        ((RunningServer) server).change(one.withFraming(Framing.lines(100 + i)));
      }
      first.sink().writeFully("again\n");
      assertEquals("again", line(first));
      assertEquals(1, describe(server).opened());
      ((RunningServer) server).change(ServeOptions.defaults());
      second.sink().writeFully("second\n");
      assertEquals("second", line(second));
    }
  }

  @Test
  void framesAreAnsweredAsFrames() throws Exception {
    Framing framing = Framing.lengthPrefixed(2, 1000);
    ByteHandler reverse =
        (client, frame) -> {
          ByteBuffer back = ByteBuffer.allocate(frame.remaining());
          for (int i = frame.limit() - 1; i >= frame.position(); i--) {
            back.put(frame.get(i));
          }
          client.reply(back.flip());
        };
    try (Server server =
            penstock.serveFrames(
                Endpoint.parse(ANY), reverse, ServeOptions.defaults().withFraming(framing));
        Channel client = dial(server)) {
      client.sink().writeFully(framing.encode(UTF_8.encode("abc")), SOON);
      ByteBuffer answer = ByteBuffer.allocate(5);
      client.source().readFully(answer, SOON);
      assertEquals(framing.encode(UTF_8.encode("cba")), answer.flip());
    }
  }

  @Test
  void frameThatIsTooLongEndsItsConnection() throws Exception {
    Recorder echo = new Recorder();
    try (Server server =
            penstock.serve(
                Endpoint.parse(ANY), echo, ServeOptions.defaults().withFraming(Framing.lines(10)));
        Channel client = dial(server)) {
      client.sink().writeFully("far too long for ten\n");
      assertInstanceOf(FrameTooLongException.class, Recorder.next(echo.closed));
      assertThrows(IOException.class, () -> line(client));
    }
  }

  @Test
  void optionsChangeUnderLiveConnections() throws Exception {
    Recorder echo = new Recorder();
    try (Server server =
            penstock.serve(
                Endpoint.parse(ANY), echo, ServeOptions.defaults().withFraming(Framing.lines(10)));
        Channel old = dial(server)) {
      Recorder.next(echo.opened);
      ((RunningServer) server)
          .change(
              ServeOptions.defaults()
                  .withFraming(Framing.lines(1000))
                  .withExecution(Execution.POOL));
      try (Channel fresh = dial(server)) {
        String line = "longer than ten bytes";
        fresh.sink().writeFully(line + "\n");
        assertEquals(line, line(fresh));
        old.sink().writeFully("short\n");
        assertEquals("short", line(old));
        assertEquals("pool", describe(server).execution());
        assertTrue(describe(server).framing().startsWith("lines(1000)"));
      }
      assertThrows(
          IllegalArgumentException.class,
          () ->
              ((RunningServer) server)
                  .change(ServeOptions.defaults().withFraming(Framing.fixed(3))));
      old.sink().writeFully("still\n");
      assertEquals("still", line(old));
    }
  }

  @Test
  void outgoingConnectionIsMadeAgain() throws Exception {
    Recorder echo = new Recorder();
    try (Listener listener = penstock.channels().listen(ANY)) {
      Endpoint there =
          Endpoint.parse("tcp:" + listener.endpoint().toString().substring("tcp-listen:".length()));
      try (Server server =
          penstock.serve(
              there,
              echo,
              ServeOptions.defaults().withReconnect(Duration.ofMillis(1), Duration.ofMillis(5)))) {
        for (int i = 0; i < 3; i++) {
          try (Channel peer = listener.accept(SOON)) {
            peer.source().readWait(SOON);
            peer.sink().writeFully("hello " + i + "\n", SOON);
            assertEquals("hello " + i, line(peer));
          }
          assertEquals("ended", Recorder.next(echo.closed));
        }
        assertTrue(describe(server).connects());
      }
      assertTrue(echo.opened.size() >= 3);
    }
  }

  @Test
  void connectionIsTriedUntilItSucceeds() throws Exception {
    Recorder echo = new Recorder();
    Endpoint free;
    try (Listener listener = penstock.channels().listen(ANY)) {
      free = listener.endpoint();
    }
    Endpoint there = Endpoint.parse("tcp:" + free.toString().substring("tcp-listen:".length()));
    try (Server server =
        penstock.serve(
            there,
            echo,
            ServeOptions.defaults().withReconnect(Duration.ofMillis(1), Duration.ofMillis(5)))) {
      try (Listener late = penstock.channels().listen(free, ChannelOptions.defaults());
          Channel peer = late.accept(SOON)) {
        peer.source().readWait(SOON);
        peer.sink().writeFully("there\n", SOON);
        assertEquals("there", line(peer));
        assertEquals(there, server.endpoint());
      }
      assertFalse(echo.opened.isEmpty());
    }
  }

  @Test
  void connectionIsTriedAgainAfterAnError() throws Exception {
    AtomicInteger tries = new AtomicInteger();
    penstock.provide(
        new ChannelProvider() {
          @Override
          public Set<String> schemes() {
            return Set.of("scarce");
          }

          @Override
          public CompletionStage<? extends ChannelDriver> connect(
              Endpoint endpoint, ChannelOptions options, ProviderContext context)
              throws IOException {
            if (tries.getAndIncrement() == 0) {
              throw new OutOfMemoryError("unable to create native thread");
            }
            return new MemoryProvider().connect(Endpoint.parse("echo:"), options, context);
          }
        });
    Recorder echo = new Recorder();
    try (Server server =
        penstock.serve(
            Endpoint.parse("scarce:peer"),
            echo,
            ServeOptions.defaults().withReconnect(Duration.ofMillis(1), Duration.ofMillis(5)))) {
      assertTrue(describe(server).connects());
      assertEquals("scarce:peer", Recorder.next(echo.opened).channel().endpoint().toString());
    }
  }

  @ParameterizedTest
  @EnumSource(Execution.class)
  void channelHandlerSeesThePollersEvents(Execution execution) throws Exception {
    BlockingQueue<String> events = new LinkedBlockingQueue<>();
    ChannelHandler raw =
        new ChannelHandler() {
          @Override
          public void opened(Registration listener, Channel channel, Registration client) {
            client.attach(channel);
            events.add("opened");
          }

          @Override
          public void data(Registration client, ByteBuffer frame) {
            events.add("data " + UTF_8.decode(frame.duplicate()));
            Channel channel = (Channel) client.attachment();
            ByteBuffer answer = ByteBuffer.allocate(frame.remaining()).put(frame).flip();
            client.pause();
            channel.sink().writeAsync(answer).whenComplete((done, failure) -> client.resume());
          }

          @Override
          public void ended(Registration client) {
            events.add("ended");
            client.channel().orElseThrow().closeAsync();
          }
        };
    try (Server server =
            penstock.serveEvents(
                Endpoint.parse(ANY),
                raw,
                ServeOptions.defaults().withFraming(Framing.lines(100)).withExecution(execution));
        Channel client = dial(server)) {
      client.sink().writeFully("a\nb\n");
      assertEquals("a", line(client));
      assertEquals("b", line(client));
      client.sink().end();
      assertEquals(-1, client.source().read(ByteBuffer.allocate(1)));
      for (String expected : List.of("opened", "data a\n", "data b\n", "ended")) {
        assertEquals(expected, Recorder.next(events));
      }
    }
  }

  @Test
  void addressThatIsTakenIsToldAtOnce() throws Exception {
    try (Server server = penstock.serve(ANY, (client, line) -> client.reply(line))) {
      AddressException taken =
          assertThrows(
              AddressException.class,
              () -> penstock.serve(server.endpoint().toString(), (client, line) -> {}));
      assertEquals(AddressException.Kind.IN_USE, taken.kind());
    }
    assertInstanceOf(
        StreamFault.class,
        assertThrows(IOException.class, () -> penstock.serve("tpc://x:1", (client, line) -> {})));
  }

  @Test
  void connectionClosesBehindItsReplies() throws Exception {
    LineHandler last =
        (client, line) -> {
          for (int i = 0; i < 100; i++) {
            client.reply("z".repeat(50_000));
          }
          client.close();
        };
    try (Server server = penstock.serve(ANY, last);
        Channel client = dial(server)) {
      client.sink().writeFully("go\n");
      assertEquals(100 * 50_001, client.source().readAll(1 << 30).remaining());
    }
  }

  @Test
  void pausedConnectionIsNotRead() throws Exception {
    Recorder pausing =
        new Recorder() {
          @Override
          public void line(Connection connection, String line) throws IOException {
            connection.pause();
            super.line(connection, line);
          }
        };
    try (Server server = penstock.serve(ANY, pausing);
        Channel client = dial(server)) {
      client.sink().writeFully("one\ntwo\n");
      assertEquals("one", line(client));
      Connection connection = Recorder.next(pausing.opened);
      assertEquals("a pause", describe(server).connections().get(0).waits());
      assertEquals(1, pausing.lines.size());
      connection.resume();
      assertEquals("two", line(client));
    }
  }
}
