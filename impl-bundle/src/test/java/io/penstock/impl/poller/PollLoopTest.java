// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.poller;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.Listener;
import io.penstock.error.BrokenPipeException;
import io.penstock.error.ConnectionResetException;
import io.penstock.error.StreamTimeoutException;
import io.penstock.pipe.Pipe;
import io.penstock.poller.ChannelHandler;
import io.penstock.poller.Framing;
import io.penstock.poller.Registration;
import io.penstock.stream.Terminator;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A poller with a thread of its own. */
class PollLoopTest {
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
