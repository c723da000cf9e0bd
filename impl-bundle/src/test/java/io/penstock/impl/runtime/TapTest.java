// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Listener;
import io.penstock.impl.component.LogLines;
import io.penstock.impl.core.End;
import io.penstock.impl.core.Onlooker;
import io.penstock.pipe.Pipe;
import io.penstock.pipe.PipeOptions;
import io.penstock.runtime.PenstockControl;
import io.penstock.runtime.Tap;
import io.penstock.standalone.Penstock;
import io.penstock.stream.ByteSource;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Copies, and lines of the log, of what goes by. */
class TapTest {
  private static final Wait SOON = Wait.upTo(Duration.ofSeconds(20));

  private final Penstock penstock = Penstock.open();
  private final PenstockControl control = penstock.control();

  @AfterEach
  void close() {
    penstock.close();
  }

  private static ByteBuffer ascii(String text) {
    return ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII));
  }

  private static String there(ByteSource source) throws IOException {
    return StandardCharsets.US_ASCII.decode(source.drain()).toString();
  }

  @Test
  void everyWayToMoveBytesIsCopiedOnce() throws Exception {
    Pipe pipe = penstock.pipes().create(PipeOptions.defaults().withName("p").withCapacity(100));
    pipe.sink().writeFully("before ", SOON);
    Tap tap = control.tap("p", 1000);
    pipe.sink().writeFully("one ", SOON);
    pipe.sink().give(ascii("two "), SOON);
    pipe.sink().give(ascii("three "), () -> {}, SOON);
    pipe.sink().writeAsync(ascii("four ")).toCompletableFuture().get(20, TimeUnit.SECONDS);
    assertEquals("one two three four ", there(tap.written()));

    pipe.source().readFully(ByteBuffer.allocate(7), SOON);
    assertEquals("before ", there(tap.read()));
    assertEquals(4, pipe.source().consume(4, bytes -> bytes.position(4), SOON));
    assertEquals("one ", there(tap.read()));
    assertEquals(4, pipe.source().take(4, SOON).remaining());
    assertEquals("two ", there(tap.read()));
    control.peek("p", 50);
    assertEquals(11, pipe.source().drain().remaining());
    assertEquals("three four ", there(tap.read()));
    assertEquals(0, tap.dropped());
    tap.close();
    tap.close();
    assertFalse(((End) pipe.source()).isTapped());
    assertFalse(((End) pipe.sink()).isTapped());
    assertTrue(tap.read().ended());
    pipe.sink().writeFully("after", SOON);
    assertEquals(-1, tap.written().read(ByteBuffer.allocate(1), SOON));
  }

  @Test
  void aTapNeverSlowsTheStreamAndCountsWhatItDrops() throws Exception {
    Pipe pipe = penstock.pipes().create(PipeOptions.defaults().withName("p"));
    Tap small = control.tap("p", 10);
    Tap large = control.tap("p", 16 << 20);
    int total = 4 << 20;
    byte[] sent = new byte[total];
    new Random(3).nextBytes(sent);
    CompletableFuture<Void> writing =
        CompletableFuture.runAsync(
            () -> {
              try {
                // Long writes wait, and let the reader take from their buffer.
                pipe.sink().writeFully(ByteBuffer.wrap(sent), SOON);
                pipe.sink().end();
              } catch (IOException e) {
                throw new AssertionError(e);
              }
            });
    ByteBuffer got = pipe.source().readAll(total, SOON);
    writing.get(20, TimeUnit.SECONDS);
    assertEquals(ByteBuffer.wrap(sent), got);
    // The pipe is over, and so are its taps.
    assertEquals(ByteBuffer.wrap(sent), large.read().readAll(total, SOON));
    assertEquals(ByteBuffer.wrap(sent), large.written().readAll(total, SOON));
    assertEquals(0, large.dropped());
    assertEquals(10, small.read().readAll(total, SOON).remaining());
    assertEquals(2L * (total - 10), small.dropped());
  }

  @Test
  void aChannelThatStillConnectsIsTappedOnceItIsThere() throws Exception {
    Listener listener = penstock.channels().listen("tcp-listen://127.0.0.1:0");
    Channel client =
        penstock
            .channels()
            .connect(
                Endpoint.parse(listener.endpoint().toString().replace("-listen", "")),
                ChannelOptions.defaults().withName("c"));
    Tap tap = control.tap("c", 1000);
    Channel server = listener.accept(SOON);
    client.connected().toCompletableFuture().get(20, TimeUnit.SECONDS);
    while (!((End) client.source()).isTapped() || !((End) client.sink()).isTapped()) {
      LockSupport.parkNanos(200_000);
    }
    client.sink().writeFully("ask", SOON);
    server.source().readFully(ByteBuffer.allocate(3), SOON);
    server.sink().writeFully("answer", SOON);
    client.source().readFully(ByteBuffer.allocate(6), SOON);
    assertEquals("ask", there(tap.written()));
    assertEquals("answer", there(tap.read()));
    client.abort(new IOException("cut"));
    assertEquals(-1, tap.read().read(ByteBuffer.allocate(1), SOON));
  }

  @Test
  void aTraceTellsOfEachOperationUntilItIsTurnedOff() throws Exception {
    Pipe pipe = penstock.pipes().create(PipeOptions.defaults().withName("told"));
    try (LogLines lines = new LogLines()) {
      control.trace("told", true);
      control.trace("told", true);
      pipe.sink().writeFully("tea", SOON);
      pipe.source().readFully(ByteBuffer.allocate(3), SOON);
      String thread = Thread.currentThread().getName();
      assertEquals("INFO told: written 3 bytes by " + thread, lines.await("told: written"));
      assertEquals("INFO told: read 3 bytes by " + thread, lines.await("told: read"));
      assertEquals(1, lines.count("told: read"));
      control.trace("told", false);
      control.trace("told", false);
      pipe.sink().writeFully("tea", SOON);
      assertEquals(1, lines.count("told: written"));
      assertFalse(((End) pipe.sink()).isTapped());
    }
    assertThrows(IllegalArgumentException.class, () -> control.trace("untold", true));
  }

  @Test
  void anOnlookerThatFailsCostsNoByte() throws Exception {
    Pipe pipe = penstock.pipes().create(PipeOptions.defaults().withName("watched"));
    AtomicLong missed = new AtomicLong();
    Onlooker failing =
        new Onlooker() {
          @Override
          public void saw(ByteBuffer bytes) {
            throw new OutOfMemoryError("planted");
          }

          @Override
          public void missed(long bytes) {
            missed.addAndGet(bytes);
          }
        };
    assertTrue(((End) pipe.sink()).show(failing));
    assertTrue(((End) pipe.source()).show(failing));
    pipe.sink().writeFully("tea", SOON);
    assertEquals("tea", there(pipe.source()));
    pipe.sink().writeFully("milk", SOON);
    ByteBuffer read = ByteBuffer.allocate(4);
    pipe.source().readFully(read, SOON);
    assertEquals("milk", StandardCharsets.US_ASCII.decode(read.flip()).toString());
    assertEquals(14, missed.get());
  }

  @Test
  void aTraceOfTheStreamThatCarriesTheLogDoesNotWaitForItself() throws Exception {
    Pipe pipe = penstock.pipes().create(PipeOptions.defaults().withName("log"));
    CountDownLatch wrote = new CountDownLatch(1);
    Handler carrier =
        new Handler() {
          @Override
          public void publish(LogRecord line) {
            try {
              pipe.sink().writeFully("line", SOON);
              wrote.countDown();
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
          }

          @Override
          public void flush() {}

          @Override
          public void close() {}
        };
    Logger logger = Logger.getLogger(TraceLines.LOG.getName());
    logger.addHandler(carrier);
    try {
      control.trace("log", true);
      pipe.sink().writeFully("first", SOON);
      assertTrue(wrote.await(20, TimeUnit.SECONDS));
      control.trace("log", false);
    } finally {
      logger.removeHandler(carrier);
    }
    assertEquals("firstline", there(pipe.source()));
  }

  @Test
  void aTraceThatIsTooMuchForTheLogSaysHowManyLinesItLeftOut() throws Exception {
    List<Runnable> tasks = new ArrayList<>();
    TraceLines trace = new TraceLines(tasks::add, "busy", "read");
    for (int i = 0; i < TraceLines.MOST_LINES + 3; i++) {
      trace.missed(7);
    }
    assertEquals(1, tasks.size());
    try (LogLines lines = new LogLines()) {
      tasks.get(0).run();
      assertEquals(
          "INFO busy: read in 3 operations more, which were too many for the log",
          lines.await("busy: read in"));
      assertEquals(TraceLines.MOST_LINES, lines.count("busy: read 7 bytes"));
    }
    assertEquals(1, tasks.size());
  }
}
