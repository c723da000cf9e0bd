// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.pipe;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.error.BrokenPipeException;
import io.penstock.error.BufferFullException;
import io.penstock.error.StreamClosedWhileWaitingException;
import io.penstock.error.StreamFault;
import io.penstock.error.StreamTimeoutException;
import io.penstock.error.WouldBlockException;
import io.penstock.impl.engine.Engine;
import io.penstock.pipe.PipeOptions;
import io.penstock.stream.ByteSequence;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a long read holds is buffered for everybody else until it is delivered. */
@Timeout(60)
class PipeAccountTest {
  private static final Wait NONE = Wait.none();
  private final Engine engine = new Engine();
  private final DrivenPipe pipe = pipe(10);
  private final ExecutorService threads = Executors.newCachedThreadPool();

  private DrivenPipe pipe(long capacity) {
    return new DrivenPipe(
        PipeOptions.defaults().withCapacity(capacity).withReadWait(NONE).withWriteWait(NONE),
        engine);
  }

  @AfterEach
  void stop() throws IOException {
    pipe.close();
    threads.shutdownNow();
    engine.close();
  }

  private static ByteBuffer utf8(String text) {
    return ByteBuffer.wrap(text.getBytes(UTF_8));
  }

  /** A long read that waits for a delimiter, once it has gathered everything. */
  private Future<ByteBuffer> waitingForNewline() throws Exception {
    Future<ByteBuffer> read =
        threads.submit(
            () -> pipe.source().readUntil(ByteSequence.LF, 100, Wait.upTo(Duration.ofMinutes(1))));
    while (pipe.stats().waitingReaders().isEmpty()) {
      LockSupport.parkNanos(200_000);
    }
    return read;
  }

  @Test
  void longReadsThatFailNeverHoldMoreThanTheCapacity() throws IOException {
    for (int i = 0; i < 30; i++) {
      int n = pipe.sink().write(utf8("0123456789"));
      assertEquals(i == 0 ? 10 : 0, n);
      BufferFullException full =
          assertThrows(
              BufferFullException.class,
              () -> pipe.source().readUntil(ByteSequence.CRLF, Integer.MAX_VALUE, NONE));
      assertEquals(10, full.count());
      assertTrue(full.getMessage().contains("10 bytes, all that the capacity"), full.getMessage());
    }
    assertEquals(10, pipe.source().available());
  }

  @Test
  void roomIsWhatAFailedLongReadHasLeft() throws IOException {
    pipe.sink().write(utf8("abcdef"));
    pipe.source().read(ByteBuffer.allocate(2));
    assertThrows(
        WouldBlockException.class, () -> pipe.source().readUntil(ByteSequence.LF, 100, NONE));
    assertEquals(6, pipe.sink().room());
    assertEquals(6, pipe.sink().write(utf8("0123456789")));
    assertEquals("cdef012345", UTF_8.decode(pipe.source().drain()).toString());
  }

  @Test
  void whatAFailedReadOfMoreThanTheCapacityHoldsLeavesNoRoom() throws Exception {
    Future<?> read =
        threads.submit(
            () -> {
              pipe.source().readFully(ByteBuffer.allocate(35), Wait.upTo(Duration.ofMinutes(1)));
              return null;
            });
    pipe.sink().writeFully(utf8("0123456789".repeat(3)), Wait.upTo(Duration.ofMinutes(1)));
    pipe.sink().end();
    assertThrows(ExecutionException.class, read::get);
    assertEquals(30, pipe.source().available());
    assertEquals(30, pipe.stats().buffered());
    assertEquals("0123456789".repeat(3), UTF_8.decode(pipe.source().drain()).toString());
  }

  @Test
  void aWriterThatHasSeenRoomLooksAgainAfterItWasTakenBack() throws Exception {
    Future<?> read =
        threads.submit(
            () -> {
              pipe.source().readFully(ByteBuffer.allocate(35), Wait.upTo(Duration.ofMinutes(1)));
              return null;
            });
    for (int i = 0; i < 15; i++) {
      // Smaller than the room, so that the writer goes on without a look.
      pipe.sink().writeFully(utf8("ab"), Wait.upTo(Duration.ofMinutes(1)));
    }
    pipe.source().readWait(NONE);
    read.cancel(true);
    while (pipe.source().available() < 30 || pipe.sink().room() > 0) {
      LockSupport.parkNanos(200_000);
    }
    assertEquals(0, pipe.sink().write(utf8("x"), NONE));
    assertEquals(0, pipe.sink().give(utf8("x"), NONE));
  }

  @Test
  void nothingIsFlushedWhileALongReadHoldsIt() throws Exception {
    pipe.sink().write(utf8("abc"));
    Future<ByteBuffer> read = waitingForNewline();
    assertEquals(3, pipe.source().available());
    assertEquals(3, pipe.stats().buffered());
    assertEquals(7, pipe.sink().room());
    assertThrows(WouldBlockException.class, () -> pipe.sink().awaitEmpty(NONE));
    assertThrows(WouldBlockException.class, () -> pipe.sink().flush(NONE));
    pipe.sink().write(utf8("\n"));
    assertEquals(4, read.get().remaining());
    pipe.sink().flush(NONE);
    assertEquals(0, pipe.stats().buffered());
  }

  @Test
  void aFlushAfterAFailedLongReadKnowsThatNothingWasRead() throws IOException {
    pipe.sink().write(utf8("abc"));
    assertThrows(
        WouldBlockException.class, () -> pipe.source().readUntil(ByteSequence.LF, 100, NONE));
    assertThrows(WouldBlockException.class, () -> pipe.sink().flush(NONE));
    assertThrows(WouldBlockException.class, () -> pipe.sink().awaitEmpty(NONE));
    assertEquals(3, pipe.stats().buffered());
  }

  @Test
  void whatACloseDropsOfALongReadIsReported() throws Exception {
    pipe.sink().write(utf8("abc"));
    Future<ByteBuffer> read = waitingForNewline();
    Future<?> flush =
        threads.submit(
            () -> {
              pipe.sink().flush(Wait.upTo(Duration.ofMinutes(1)));
              return null;
            });
    while (pipe.stats().waitingWriters().isEmpty()) {
      LockSupport.parkNanos(200_000);
    }
    pipe.source().close();
    assertThrows(ExecutionException.class, read::get);
    ExecutionException failed = assertThrows(ExecutionException.class, flush::get);
    assertEquals(3, assertInstanceOf(BrokenPipeException.class, failed.getCause()).count());
  }

  @Test
  void anEndIsNotReadWhileALongReadHasLeftBytes() throws Exception {
    pipe.sink().write(utf8("ab"));
    pipe.sink().end();
    assertNull(pipe.source().readUntil(ByteSequence.LF, 100, NONE));
    assertEquals(2, pipe.source().available());
    assertFalse(pipe.source().ended());
    assertFalse(pipe.isSpent());
    assertFalse(pipe.closed().toCompletableFuture().isDone());
    assertEquals(2, pipe.source().read(ByteBuffer.allocate(5)));
    assertTrue(pipe.source().ended());
    pipe.closed().toCompletableFuture().get(1, TimeUnit.MINUTES);
  }

  /** A reader who is about to pass its turn on is not a reason to find nothing. */
  @Test
  void aReaderWhoIsAboutToReturnHidesNothing() throws Exception {
    for (int i = 0; i < 2000; i++) {
      try (DrivenPipe busy = pipe(100)) {
        busy.sink().write(utf8("abc"));
        CountDownLatch go = new CountDownLatch(1);
        Future<?> other =
            threads.submit(
                () -> {
                  go.await();
                  assertThrows(
                      WouldBlockException.class,
                      () -> busy.source().readUntil(ByteSequence.LF, 50, NONE));
                  return null;
                });
        go.countDown();
        if (i % 2 == 0) {
          assertEquals(3, busy.source().drain().remaining(), "drained, try " + i);
          // The other read then finds nothing to be told of.
          busy.sink().write(utf8("d"));
        } else {
          assertEquals(3, busy.source().peek(10, NONE).peek(10).remaining(), "peeked at, try " + i);
        }
        try {
          other.get();
        } catch (ExecutionException e) {
          // The peek has left nothing.
          assertEquals(1, i % 2, e.toString());
        }
      }
    }
  }

  /** Only a reader who waits is: a reader that must not wait then finds nothing at once. */
  @Test
  void aReaderWhoWaitsIsNotWaitedFor() throws Exception {
    pipe.sink().write(utf8("abc"));
    Future<ByteBuffer> read = waitingForNewline();
    assertEquals(0, pipe.source().drain().remaining());
    assertEquals(0, pipe.source().read(ByteBuffer.allocate(4), NONE));
    pipe.sink().write(utf8("\n"));
    assertEquals(4, read.get().remaining());
  }

  @Test
  void anAbortKeepsTheMeaningOfItsCause() {
    SocketTimeoutException cause = new SocketTimeoutException("no answer");
    pipe.abort(cause);
    IOException read =
        assertThrows(IOException.class, () -> pipe.source().read(ByteBuffer.allocate(1)));
    assertTrue(StreamFault.isTimedOut(read), read.toString());
    assertInstanceOf(StreamTimeoutException.class, read);
    assertSame(cause, read.getCause());
    IOException write = assertThrows(IOException.class, () -> pipe.sink().write(utf8("x")));
    assertTrue(StreamFault.isTimedOut(write), write.toString());
    assertSame(cause, write.getCause());
  }

  @Test
  void anAbortIsWrappedOnce() {
    IllegalStateException cause = new IllegalStateException("no more");
    pipe.abort(cause);
    IOException read =
        assertThrows(IOException.class, () -> pipe.source().read(ByteBuffer.allocate(1)));
    assertSame(IOException.class, read.getClass());
    assertSame(cause, read.getCause());
  }

  @Test
  void closingThePipeWakesAWriterWithOneType() throws Exception {
    for (int i = 0; i < 300; i++) {
      DrivenPipe full = pipe(1);
      full.sink().write(utf8("a"));
      Future<?> writer =
          threads.submit(() -> full.sink().write(utf8("b"), Wait.upTo(Duration.ofMinutes(1))));
      while (full.stats().waitingWriters().isEmpty()) {
        LockSupport.parkNanos(200_000);
      }
      full.close();
      ExecutionException failed = assertThrows(ExecutionException.class, writer::get);
      assertInstanceOf(StreamClosedWhileWaitingException.class, failed.getCause());
    }
  }
}
