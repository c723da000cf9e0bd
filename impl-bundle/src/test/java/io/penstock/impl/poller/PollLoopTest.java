// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.poller;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Listener;
import io.penstock.channel.facet.ProcessFacet;
import io.penstock.error.BrokenPipeException;
import io.penstock.error.ConnectionResetException;
import io.penstock.error.StreamTimeoutException;
import io.penstock.pipe.Pipe;
import io.penstock.poller.ChannelHandler;
import io.penstock.poller.Registration;
import io.penstock.standalone.Penstock;
import io.penstock.stream.Framing;
import io.penstock.stream.Terminator;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A poller with a thread of its own. */
class PollLoopTest {
  private static final Duration SHORT = Duration.ofMillis(300);

  private final Bench bench = new Bench();
  private final SelectorPoller poller = bench.poller();
  private final Queue<LogRecord> errors = new ConcurrentLinkedQueue<>();
  private final Logger logger = Logger.getLogger("io.penstock");
  private final Handler log =
      new Handler() {
        @Override
        public void publish(LogRecord line) {
          if (line.getLevel().intValue() >= Level.WARNING.intValue()) {
            errors.add(line);
          }
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
      };

  @BeforeEach
  void listen() {
    logger.addHandler(log);
    logger.setUseParentHandlers(false);
  }

  @AfterEach
  void close() {
    poller.close();
    bench.close();
    logger.removeHandler(log);
    logger.setUseParentHandlers(true);
  }

  /** Notes what comes, and throws where a line asks for it. */
  private static final class Fragile implements ChannelHandler {
    private final LinkedBlockingQueue<String> seen = new LinkedBlockingQueue<>();

    @Override
    public void opened(Registration listener, Channel channel, Registration client) {
      client.attach(channel);
      seen.add("opened");
    }

    @Override
    public void data(Registration from, ByteBuffer frame) throws IOException {
      String line = StandardCharsets.UTF_8.decode(frame).toString().strip();
      switch (line) {
        case "error" -> throw new AssertionError("asked for an error");
        case "exception" -> throw new IOException("asked for an exception");
        case "interrupt" -> Thread.currentThread().interrupt();
        default -> {}
      }
      seen.add(line);
      if (from.attachment() instanceof Channel channel) {
        channel.sink().writeFully(line + "\n", Bench.SOON);
      }
    }

    @Override
    public void ended(Registration from) throws IOException {
      seen.add("ended");
      throw new IOException("asked for in the end");
    }

    @Override
    public void failed(Registration from, Throwable cause) {
      seen.add("failed " + cause.getMessage());
    }

    String next() throws InterruptedException {
      return Objects.requireNonNull(seen.poll(20, TimeUnit.SECONDS), "nothing came");
    }
  }

  /** A peer that does not read holds nobody else up but by a handler that waits for it. */
  @Test
  void aHandlerThatWaitsIsNamedOnce() throws Exception {
    CountDownLatch twice = new CountDownLatch(2);
    poller.start(
        new ChannelHandler() {
          @Override
          public void opened(Registration listener, Channel channel, Registration client) {
            client.attach(channel);
          }

          @Override
          public void data(Registration from, ByteBuffer frame) throws IOException {
            Channel channel = (Channel) Objects.requireNonNull(from.attachment());
            ByteBuffer much = ByteBuffer.allocate(8 << 20);
            assertThrows(
                StreamTimeoutException.class,
                () -> channel.sink().writeFully(much, Wait.upTo(Duration.ofMillis(20))));
            twice.countDown();
          }
        });
    Listener listener = bench.listen();
    poller.register(listener, Framing.lines(100));
    for (int i = 0; i < 2; i++) {
      Bench.write(bench.connect(listener).sink(), "line\n");
    }
    assertTrue(twice.await(20, TimeUnit.SECONDS));
    assertEquals(1, errors.size());
    LogRecord line = errors.remove();
    String said = new SimpleFormatter().formatMessage(line);
    assertEquals(Level.WARNING, line.getLevel());
    assertTrue(said.contains(PollLoopTest.class.getName() + "$"), said);
    assertTrue(said.startsWith(listener.endpoint().toString()), said);
    assertTrue(said.contains("writeAsync"), said);
  }

  private interface Waiting {
    void in(Channel channel) throws IOException;
  }

  /** Serves one line by a call that waits, and gives back what the log says of it. */
  private String warningOf(Listener listener, Waiting waiting) throws Exception {
    CountDownLatch done = new CountDownLatch(1);
    poller.start(
        new ChannelHandler() {
          @Override
          public void opened(Registration accepting, Channel channel, Registration client) {
            client.attach(channel);
          }

          @Override
          public void data(Registration from, ByteBuffer frame) throws IOException {
            waiting.in((Channel) Objects.requireNonNull(from.attachment()));
            done.countDown();
          }
        });
    poller.register(listener, Framing.lines(100));
    Bench.write(bench.connect(listener).sink(), "line\n");
    assertTrue(done.await(20, TimeUnit.SECONDS));
    // The first; a close may tell of dropped bytes, too.
    return new SimpleFormatter().formatMessage(errors.remove());
  }

  @Test
  void aCloseThatWaitsInAHandlerIsNamed() throws Exception {
    Listener listener = bench.listen(ChannelOptions.defaults().withCloseTimeout(SHORT));
    String said =
        warningOf(
            listener,
            channel -> {
              // Nobody reads it, so that the close waits for its limit.
              CompletionStage<Void> unused =
                  channel.sink().writeAsync(ByteBuffer.allocate(8 << 20));
              channel.close();
            });
    assertTrue(said.contains("waits for " + listener.endpoint()), said);
  }

  @Test
  void theWaitForAChildInAHandlerIsNamed() throws Exception {
    try (Penstock penstock = Penstock.open()) {
      Channel child =
          penstock
              .channels()
              .open(Endpoint.parse("exec:sleep 100"), ChannelOptions.defaults(), Wait.forever());
      ProcessFacet facet = child.facet(ProcessFacet.class).orElseThrow();
      String said =
          warningOf(
              bench.listen(),
              channel ->
                  assertThrows(
                      StreamTimeoutException.class, () -> facet.exitStatus(Wait.upTo(SHORT))));
      assertTrue(said.contains("waits for exec:sleep"), said);
      child.abort(new IOException("the test is over"));
    }
  }

  @Test
  void theEndOfAListenerIsACallOfItsOwn() throws Exception {
    LinkedBlockingQueue<String> told = new LinkedBlockingQueue<>();
    poller.start(
        new ChannelHandler() {
          @Override
          public void ended(Registration client) {
            told.add("ended " + client.attachment());
          }

          @Override
          public void listenerEnded(Registration closed) {
            told.add("listener " + closed.attachment());
          }
        });
    Listener listener = bench.listen();
    poller.register(listener, Framing.bytes()).attach("it");
    listener.close();
    assertEquals("listener it", told.poll(20, TimeUnit.SECONDS));
    assertEquals(0, errors.size());
  }

  private static @Nullable String ask(Channel channel, String line) throws IOException {
    Bench.write(channel.sink(), line + "\n");
    return channel.source().readLine(StandardCharsets.UTF_8, 100, Terminator.STRIP, Bench.SOON);
  }

  @Test
  void servesUntilThePollerIsClosed() throws Exception {
    Fragile handler = new Fragile();
    CompletableFuture<Void> done = poller.start(handler).toCompletableFuture();
    Listener listener = bench.listen();
    poller.register(listener, Framing.lines(100));
    Channel client = bench.connect(listener);
    for (int i = 0; i < 10; i++) {
      assertEquals("line " + i, ask(client, "line " + i));
    }
    assertFalse(done.isDone());
    poller.close();
    assertTrue(done.isDone(), "whoever has closed it hears nothing more");
    Bench.write(client.sink(), "late\n");
    assertEquals("opened", handler.next());
    assertEquals(10, handler.seen.size());
    assertEquals(0, errors.size());
  }

  @Test
  void aFaultOfTheHandlerCostsOnlyTheConnectionThatMetIt() throws Exception {
    Fragile handler = new Fragile();
    poller.start(handler);
    Listener listener = bench.listen();
    poller.register(listener, Framing.lines(100));
    Channel honest = bench.connect(listener);
    assertEquals("hello", ask(honest, "hello"));
    assertEquals("opened", handler.next());
    assertEquals("hello", handler.next());
    for (String fault : new String[] {"error", "exception"}) {
      Channel client = bench.connect(listener);
      assertEquals("opened", handler.next());
      // The second line never comes to the handler: there is one report for a connection.
      assertThrows(ConnectionResetException.class, () -> ask(client, fault + "\n" + fault));
      assertTrue(handler.next().startsWith("failed asked for an " + fault));
    }
    assertEquals("still here", ask(honest, "still here"));
    assertEquals(2, errors.size());
    assertTrue(errors.stream().allMatch(e -> e.getMessage().endsWith("the handler failed")));
    assertTrue(errors.stream().allMatch(e -> e.getThrown() != null));
  }

  @Test
  void aFaultWithAPipeClosesItsEnd() throws Exception {
    Fragile handler = new Fragile();
    poller.start(handler);
    Pipe pipe = bench.pipe("a");
    poller.register(pipe.source(), Framing.lines(100));
    Bench.write(pipe.sink(), "exception\n");
    assertEquals("failed asked for an exception", handler.next());
    assertThrows(BrokenPipeException.class, () -> Bench.write(pipe.sink(), "x"));
  }

  @Test
  void aFaultWhenSomebodyIsAcceptedCostsOnlyThem() throws Exception {
    CountDownLatch second = new CountDownLatch(1);
    int[] opened = new int[1];
    poller.start(
        new ChannelHandler() {
          @Override
          public void opened(Registration listener, Channel channel, Registration client) {
            if (opened[0]++ == 0) {
              throw new IllegalStateException("nobody is welcome");
            }
            second.countDown();
          }
        });
    Listener listener = bench.listen();
    poller.register(listener, Framing.lines(100));
    // Cut so soon that connecting may fail of it.
    IOException cut =
        assertThrows(
            IOException.class,
            () -> bench.connect(listener).source().read(ByteBuffer.allocate(1), Bench.SOON));
    assertFalse(cut instanceof StreamTimeoutException, cut::toString);
    bench.connect(listener);
    assertTrue(second.await(20, TimeUnit.SECONDS));
    assertEquals(2, poller.size(), "the listener and the second");
    assertEquals(1, errors.size());
  }

  @Test
  void faultsInTheEndAndInterruptsAreOutlived() throws Exception {
    Fragile handler = new Fragile();
    poller.start(handler);
    Pipe pipe = bench.pipe("a");
    poller.register(pipe.source(), Framing.lines(100));
    Bench.write(pipe.sink(), "interrupt\n");
    assertEquals("interrupt", handler.next());
    pipe.sink().end();
    assertEquals("ended", handler.next());
    Pipe other = bench.pipe("b");
    poller.register(other.source(), Framing.lines(100));
    Bench.write(other.sink(), "x\n");
    assertEquals("x", handler.next());
    assertEquals(1, errors.size());
  }

  @Test
  void isStartedOnceAndNotAfterTheClose() throws Exception {
    poller.start(new ChannelHandler() {});
    assertThrows(IllegalStateException.class, () -> poller.start(new ChannelHandler() {}));
    SelectorPoller closed = bench.poller();
    closed.close();
    assertThrows(IllegalStateException.class, () -> closed.start(new ChannelHandler() {}));
  }

  @Test
  void theHandlerMayCloseThePoller() throws Exception {
    Pipe pipe = bench.pipe("a");
    poller.register(pipe.source(), Framing.lines(100));
    CompletableFuture<Void> done =
        poller
            .start(
                new ChannelHandler() {
                  @Override
                  public void data(Registration from, ByteBuffer frame) {
                    poller.close();
                  }
                })
            .toCompletableFuture();
    long begun = System.nanoTime();
    Bench.write(pipe.sink(), "x\ny\n");
    Bench.get(done);
    assertTrue(System.nanoTime() - begun < TimeUnit.SECONDS.toNanos(2), "waited for itself");
    assertEquals(2, pipe.source().available(), "what was not delivered is back");
    assertEquals(0, errors.size());
  }
}
