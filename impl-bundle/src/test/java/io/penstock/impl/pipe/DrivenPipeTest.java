// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.pipe;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.error.BrokenPipeException;
import io.penstock.error.BufferFullException;
import io.penstock.impl.engine.Engine;
import io.penstock.pipe.PipeOptions;
import io.penstock.pipe.PipeStats;
import io.penstock.stream.ByteSequence;
import io.penstock.stream.Terminator;
import io.penstock.stream.Wait;
import io.penstock.stream.Watch;
import java.io.IOException;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * What the contract suite cannot see from outside: changes that nobody's failed try has told of.
 */
class DrivenPipeTest {
  private final Engine engine = new Engine();
  private final DrivenPipe pipe = new DrivenPipe(PipeOptions.defaults().withCapacity(4), engine);

  @AfterEach
  void stop() throws IOException {
    pipe.close();
    engine.close();
  }

  private final AtomicInteger count = new AtomicInteger();
  private final ExecutorService threads =
      Executors.newCachedThreadPool(task -> new Thread(task, "reader-" + count.incrementAndGet()));

  @AfterEach
  void stopThreads() {
    threads.shutdownNow();
  }

  private static ByteBuffer bytes(int n) {
    return ByteBuffer.allocate(n);
  }

  private static void called(Semaphore calls) throws InterruptedException {
    assertTrue(calls.tryAcquire(20, TimeUnit.SECONDS), "the watcher was not called");
  }

  @Test
  void lastLineThatJustFitsIsWhole() throws IOException {
    pipe.sink().writeFully("abcd", Wait.none());
    assertThrows(
        BufferFullException.class,
        () -> pipe.source().readLine(UTF_8, 100, Terminator.KEEP, Wait.none()));
    pipe.sink().end();
    assertThrows(
        BufferFullException.class,
        () -> pipe.source().readLine(UTF_8, 3, Terminator.KEEP, Wait.none()));
    assertNull(pipe.source().readUntil(ByteSequence.LF, 100, Wait.none()));
    assertEquals("abcd", pipe.source().readLine(UTF_8, 4, Terminator.KEEP, Wait.none()));
    assertNull(pipe.source().readLine(UTF_8, 4, Terminator.KEEP, Wait.none()));
  }

  @SuppressWarnings("try")
  @Test
  void readingExactlyWhatIsThereIsAChange() throws Exception {
    Semaphore calls = new Semaphore(0);
    try (Watch watch = pipe.source().readable().onSet(engine, calls::release)) {
      pipe.sink().write(bytes(1));
      called(calls);
      assertEquals(1, pipe.source().read(bytes(1)));
      pipe.sink().write(bytes(1));
      called(calls);
      assertEquals(1, pipe.source().take(1, Wait.none()).remaining());
      pipe.sink().write(bytes(2));
      called(calls);
      pipe.source().readFully(bytes(2), Wait.none());
      pipe.sink().write(bytes(3));
      called(calls);
      assertEquals(3, pipe.source().consume(3, run -> run.position(run.limit()), Wait.none()));
      pipe.sink().write(bytes(1));
      called(calls);
      assertEquals(1, pipe.source().drain().remaining());
      pipe.sink().end();
      called(calls);
    }
  }

  @SuppressWarnings("try")
  @Test
  void leavingBytesIsNoChange() throws Exception {
    Semaphore calls = new Semaphore(0);
    try (Watch watch = pipe.source().readable().onSet(engine, calls::release)) {
      pipe.sink().write(bytes(3));
      called(calls);
      pipe.source().read(bytes(1));
      pipe.sink().write(bytes(1));
      pipe.source().read(bytes(1));
    }
    // Whatever the watcher was going to do, it has done when its executor is empty.
    engine.close();
    assertEquals(0, calls.availablePermits());
  }

  @SuppressWarnings("try")
  @Test
  void fillingExactlyIsAChange() throws Exception {
    Semaphore calls = new Semaphore(0);
    try (Watch watch = pipe.sink().writable().onSet(engine, calls::release)) {
      called(calls);
      assertEquals(4, pipe.sink().write(bytes(4)));
      assertFalse(pipe.sink().writable().isSet());
      assertEquals(1, pipe.source().read(bytes(1)));
      called(calls);
      assertEquals(1, pipe.sink().give(bytes(1), Wait.none()));
      assertEquals(4, pipe.source().read(bytes(4)));
      called(calls);
    }
  }

  @Test
  void closingBothEndsClosesThePipe() throws Exception {
    pipe.source().inputStream().close();
    assertFalse(pipe.closed().toCompletableFuture().isDone());
    pipe.sink().outputStream().close();
    pipe.closed().toCompletableFuture().get(20, TimeUnit.SECONDS);
  }

  @Test
  void drainTakesWhatIsThereAndNotWhatComesMeanwhile() throws Exception {
    var writers = Executors.newSingleThreadExecutor();
    try {
      var writing =
          writers.submit(
              () -> {
                while (true) {
                  pipe.sink().writeFully(bytes(4), Wait.forever());
                }
              });
      for (int i = 0; i < 1000; i++) {
        assertTrue(pipe.source().drain().remaining() <= 4);
      }
      writing.cancel(true);
    } finally {
      writers.shutdownNow();
      assertTrue(writers.awaitTermination(20, TimeUnit.SECONDS));
    }
  }

  private static final PipeOptions SINGLE =
      PipeOptions.defaults()
          .withCapacity(64)
          .withWriters(PipeOptions.Callers.ONE)
          .withReaders(PipeOptions.Callers.ONE);

  @Test
  @Timeout(60)
  void anEndFromElsewhereLosesNothingThatASingleWriterWasToldOf() throws Exception {
    for (int round = 0; round < 2000; round++) {
      DrivenPipe single = new DrivenPipe(SINGLE, engine);
      CountDownLatch started = new CountDownLatch(1);
      Future<Long> writer =
          threads.submit(
              () -> {
                long told = 0;
                ByteBuffer three = bytes(3);
                try {
                  while (true) {
                    told += single.sink().write(three.clear());
                    started.countDown();
                  }
                } catch (BrokenPipeException e) {
                  return told;
                }
              });
      Future<Long> reader =
          threads.submit(
              () -> {
                long got = 0;
                int n;
                while ((n = single.source().read(bytes(7))) >= 0) {
                  got += n;
                }
                assertEquals(-1, single.source().read(bytes(1)), "the end is final");
                return got;
              });
      started.await();
      single.sink().end();
      assertEquals(writer.get(), reader.get());
    }
  }

  @Test
  @Timeout(60)
  void aCloseFromElsewhereCountsWhatASingleReaderHasNotGot() throws Exception {
    for (int round = 0; round < 2000; round++) {
      DrivenPipe single = new DrivenPipe(SINGLE, engine);
      CountDownLatch started = new CountDownLatch(1);
      Future<Long> writer =
          threads.submit(
              () -> {
                long told = 0;
                try {
                  while (true) {
                    told += single.sink().write(bytes(5));
                  }
                } catch (BrokenPipeException e) {
                  return told - e.count();
                }
              });
      Future<Long> reader =
          threads.submit(
              () -> {
                long got = 0;
                try {
                  while (true) {
                    got += single.source().read(bytes(3));
                    started.countDown();
                  }
                } catch (ClosedChannelException e) {
                  return got;
                }
              });
      started.await();
      single.source().close();
      assertEquals(writer.get(), reader.get());
    }
  }

  @Test
  void trimmedPipeForgetsItsMemoryAndNothingElse() throws Exception {
    for (boolean direct : new boolean[] {false, true}) {
      DrivenPipe trimmed =
          new DrivenPipe(PipeOptions.defaults().withCapacity(100).withDirect(direct), engine);
      assertFalse(trimmed.trim(), "there is nothing to give back yet");
      for (int round = 0; round < 3; round++) {
        trimmed.sink().write(ByteBuffer.wrap(new byte[] {1, 2, 3}));
        assertFalse(trimmed.trim(), "something is buffered");
        ByteBuffer got = bytes(3);
        assertEquals(3, trimmed.source().read(got));
        assertEquals(ByteBuffer.wrap(new byte[] {1, 2, 3}), got.flip());
        assertTrue(trimmed.trim());
        assertFalse(trimmed.trim(), "it was given back already");
        assertEquals(4, trimmed.sink().give(bytes(4), Wait.none()));
        assertEquals(4, trimmed.source().take(10, Wait.none()).remaining());
      }
      trimmed.sink().end();
      assertEquals(-1, trimmed.source().read(bytes(1)));
    }
  }

  @Test
  @Timeout(60)
  void trimmingBesideAWriterAndAReaderLosesNothing() throws Exception {
    DrivenPipe busy = new DrivenPipe(SINGLE, engine);
    int total = 300_000;
    Future<?> writer =
        threads.submit(
            () -> {
              for (int i = 0; i < total; i++) {
                busy.sink().write(bytes(1).put(0, (byte) i));
              }
              return null;
            });
    Future<?> reader =
        threads.submit(
            () -> {
              for (int i = 0; i < total; i++) {
                ByteBuffer one = bytes(1);
                busy.source().read(one);
                assertEquals((byte) i, one.get(0));
              }
              return null;
            });
    long trims = 0;
    while (!reader.isDone()) {
      trims += busy.trim() ? 1 : 0;
    }
    writer.get();
    reader.get();
    assertTrue(trims > 0, "never trimmed");
  }

  @Test
  void hundredThousandIdlePipesWeighLittle() {
    int count = 100_000;
    DrivenPipe[] idle = new DrivenPipe[count];
    Runtime runtime = Runtime.getRuntime();
    System.gc();
    long before = runtime.totalMemory() - runtime.freeMemory();
    for (int i = 0; i < count; i++) {
      idle[i] = new DrivenPipe(PipeOptions.defaults(), engine);
    }
    System.gc();
    long each = (runtime.totalMemory() - runtime.freeMemory() - before) / count;
    assertTrue(each < 1024, each + " bytes for each idle pipe");
    Reference.reachabilityFence(idle);
  }

  @Test
  @Timeout(60)
  void statsCountWhatWasDoneAndWhoWaits() throws Exception {
    DrivenPipe counted = new DrivenPipe(PipeOptions.defaults().withCapacity(8), engine);
    counted.sink().write(bytes(5));
    counted.sink().write(bytes(5));
    counted.source().read(bytes(6));
    PipeStats stats = counted.stats();
    assertEquals(8, stats.bytesWritten());
    assertEquals(6, stats.bytesRead());
    assertEquals(2, stats.buffered());
    assertEquals(8, stats.highWater());
    assertEquals(2, stats.writes());
    assertEquals(1, stats.reads());
    assertEquals(0, stats.readWaits());
    assertTrue(stats.waitingReaders().isEmpty());
    assertEquals(2, counted.source().read(bytes(2)));
    Future<Integer> reader = threads.submit(() -> counted.source().read(bytes(1)));
    while (counted.stats().waitingReaders().isEmpty()) {
      LockSupport.parkNanos(200_000);
    }
    PipeStats.Waiting waiting = counted.stats().waitingReaders().get(0);
    assertEquals("reader-1", waiting.thread());
    assertFalse(waiting.since().isNegative());
    assertEquals(1, counted.stats().readWaits());
    counted.sink().write(bytes(1));
    assertEquals(1, reader.get());
    assertTrue(counted.stats().waitingReaders().isEmpty());
  }

  @Test
  void whatIsLentBeginsAtZeroAndHasNoMore() throws Exception {
    pipe.sink().write(bytes(3));
    pipe.source().read(bytes(1));
    assertEquals(
        1,
        pipe.source()
            .consume(
                1,
                run -> {
                  assertEquals(0, run.position());
                  assertEquals(1, run.capacity());
                  run.position(1);
                },
                Wait.none()));
    assertEquals(1, pipe.source().available());
  }
}
