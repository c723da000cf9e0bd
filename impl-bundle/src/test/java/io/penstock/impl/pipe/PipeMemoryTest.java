// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.pipe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.penstock.error.MemoryLimitException;
import io.penstock.impl.buffer.ContentPipe;
import io.penstock.impl.buffer.Contents;
import io.penstock.impl.buffer.MemoryPipe;
import io.penstock.impl.engine.Engine;
import io.penstock.impl.engine.Floods;
import io.penstock.impl.engine.Scope;
import io.penstock.pipe.Pipe;
import io.penstock.pipe.PipeOptions;
import io.penstock.spi.PipeContent;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What a pipe's memory is counted as, and what becomes of pipes that hold too much of it. */
class PipeMemoryTest {
  private static final int KB = 1024;

  private final AtomicLong counted = new AtomicLong();
  private final Engine engine = new Engine();
  private final Scope scope = Scope.quiet();

  @AfterEach
  void close() {
    scope.close();
    // Only now: a worker that cuts a pipe may let go of its memory after the owner's close returns.
    engine.close();
    assertEquals(0, engine.budgets().container().held(), "left over");
    assertEquals(0, engine.budgets().heap().held(), "left over in the heap");
    assertEquals(0, engine.budgets().direct().held(), "left over outside the heap");
  }

  private MemoryPipe memory(long capacity) {
    MemoryPipe pipe = new MemoryPipe("pipe", capacity, false);
    pipe.countTo(counted::addAndGet);
    return pipe;
  }

  private static void write(MemoryPipe pipe, int bytes) throws IOException {
    assertEquals(bytes, pipe.sink().write(ByteBuffer.allocate(bytes)));
  }

  private static void read(MemoryPipe pipe, int bytes) throws IOException {
    assertEquals(bytes, pipe.source().read(ByteBuffer.allocate(bytes)));
  }

  @Test
  void aRingCountsUntilItsReaderHasLeftIt() throws Exception {
    MemoryPipe pipe = memory(1024 * KB);
    write(pipe, 4 * KB);
    assertEquals(4 * KB, counted.get());
    write(pipe, 16 * KB);
    assertEquals(20 * KB, counted.get(), "both hold bytes");
    read(pipe, 4 * KB);
    read(pipe, 1);
    assertEquals(16 * KB, counted.get(), "the reader has gone on to the second");
    pipe.source().close();
    assertEquals(0, counted.get());
  }

  @Test
  void aCloseLetsAllRingsGoThatWereNotRead() throws Exception {
    MemoryPipe pipe = memory(1024 * KB);
    write(pipe, 4 * KB);
    write(pipe, 16 * KB);
    write(pipe, 64 * KB);
    assertEquals(84 * KB, counted.get());
    pipe.source().close();
    assertEquals(0, counted.get());
  }

  @Test
  void whatHasEndedAndWasReadHoldsNothing() throws Exception {
    MemoryPipe ended = memory(1024 * KB);
    write(ended, 4 * KB);
    ended.sink().end();
    assertEquals(4 * KB, counted.get(), "there are bytes to be read");
    read(ended, 4 * KB);
    assertEquals(0, counted.get(), "read to the end");

    MemoryPipe first = memory(1024 * KB);
    write(first, 4 * KB);
    read(first, 4 * KB);
    assertEquals(4 * KB, counted.get(), "more may come");
    first.sink().end();
    assertEquals(0, counted.get(), "ended when all was read");

    MemoryPipe cut = memory(1024 * KB);
    write(cut, 4 * KB);
    cut.abort(new IOException("cut"));
    assertEquals(4 * KB, counted.get(), "what came before the cut can be read");
    read(cut, 4 * KB);
    assertEquals(0, counted.get());
    assertThrows(IOException.class, () -> cut.sink().write(ByteBuffer.allocate(1)));
    assertEquals(0, counted.get(), "a write that is refused");
  }

  @Test
  void aTrimGivesEverythingBack() throws Exception {
    MemoryPipe pipe = memory(1024 * KB);
    write(pipe, 4 * KB);
    write(pipe, 16 * KB);
    read(pipe, 20 * KB);
    assertTrue(pipe.trim());
    assertEquals(0, counted.get());
    write(pipe, 4 * KB);
    read(pipe, 4 * KB);
    assertTrue(pipe.trim());
    assertEquals(0, counted.get());
  }

  /** Writes and reads of all sizes, trims, and an end, a cut or a close from elsewhere. */
  @Test
  void nothingIsLeftHoweverTheSidesMeet() throws Exception {
    for (int round = 0; round < 300; round++) {
      MemoryPipe pipe = memory(64 * KB);
      int seed = round;
      Queue<Throwable> failed = new ConcurrentLinkedQueue<>();
      Thread writer =
          new Thread(
              () -> {
                try {
                  for (int i = 0; i < 400; i++) {
                    int size = 1 + (int) (Math.abs((i * 7919L + seed) * 31) % (9 * KB));
                    pipe.sink().write(ByteBuffer.allocate(size));
                  }
                  pipe.sink().end();
                } catch (IOException e) {
                  failed.add(e);
                }
              });
      Thread reader =
          new Thread(
              () -> {
                ByteBuffer into = ByteBuffer.allocate(7 * KB);
                try {
                  while (pipe.source().read(into.clear()) >= 0) {
                    boolean unused = pipe.trim();
                  }
                } catch (IOException e) {
                  failed.add(e);
                }
              });
      writer.start();
      reader.start();
      if (round % 3 == 1) {
        pipe.source().close();
      } else if (round % 3 == 2) {
        pipe.abort(new IOException("cut"));
      }
      writer.join(20_000);
      reader.join(20_000);
      assertEquals(0, counted.get(), "round " + round);
      if (round % 3 == 0) {
        assertTrue(failed.isEmpty(), () -> "nothing was closed or cut: " + failed);
      }
    }
  }

  /** Else a reader of one large array would be cut, as one that takes nothing. */
  @Test
  void aReadThatTakesLongMakesProgress() throws Exception {
    MemoryPipe memory = new MemoryPipe("pipe", 64 * KB, false);
    Pipe pipe = new DrivenPipe(PipeOptions.defaults(), engine, List.of(), memory);
    Wait soon = Wait.upTo(Duration.ofSeconds(20));
    CompletableFuture<Void> read = new CompletableFuture<>();
    Thread reader =
        new Thread(
            () -> {
              try {
                pipe.source().readFully(ByteBuffer.allocate(200 * KB), soon);
                read.complete(null);
              } catch (IOException e) {
                read.completeExceptionally(e);
              }
            });
    reader.start();
    pipe.sink().writeFully(ByteBuffer.allocate(150 * KB), soon);
    assertEquals(0, memory.bytesRead());
    long before = memory.progress();
    assertTrue(before >= 86 * KB, () -> before + " bytes");
    pipe.sink().writeFully(ByteBuffer.allocate(50 * KB), soon);
    read.get(20, TimeUnit.SECONDS);
    assertEquals(200 * KB, memory.progress());
    pipe.close();
  }

  @Test
  void whatIsSafeCountsAsProgressThoughNobodyReads() {
    AtomicLong safe = new AtomicLong(7);
    Queue<Runnable> ready = new ConcurrentLinkedQueue<>();
    Map<String, Object> answers =
        Map.of("committed", 0L, "written", 9L, "gone", new CompletableFuture<Void>());
    PipeContent content =
        (PipeContent)
            Proxy.newProxyInstance(
                PipeContent.class.getClassLoader(),
                new Class<?>[] {PipeContent.class},
                (proxy, method, arguments) -> {
                  if (method.getName().equals("onReady")) {
                    ready.add((Runnable) arguments[0]);
                  }
                  return method.getName().equals("acknowledged")
                      ? safe.get()
                      : answers.get(method.getName());
                });
    ContentPipe pipe = new ContentPipe("pipe", content, false, true, true, 64 * KB);
    ready.forEach(Runnable::run);
    assertEquals(7, pipe.progress());
    safe.set(9);
    ready.forEach(Runnable::run);
    assertEquals(9, pipe.progress());
    assertEquals(0, pipe.bytesRead());
  }

  @Test
  void pipesOfAFactoryCountAndThoseThatHoldMostForLongestAreCut() throws Exception {
    engine.budgets().factoryLimit(1024 * KB);
    Pipes factory = new Pipes(engine, scope, new Contents());
    PipeOptions options = PipeOptions.defaults().withCapacity(64 * KB);
    List<Pipe> unread = new ArrayList<>();
    for (int i = 0; i < 15; i++) {
      unread.add(filled(factory, options));
    }
    assertEquals(15 * 64 * KB, engine.budgets().container().held());
    assertEquals(15 * 64 * KB, engine.budgets().heap().held());
    unread.add(filled(factory, options.withDirect(true)));
    assertEquals(64 * KB, engine.budgets().direct().held());
    assertEquals(16 * 64 * KB, engine.budgets().container().held(), "no more than the limit");
    Pipe first = firstCut(unread);
    IOException why =
        assertThrows(
            IOException.class, () -> first.source().read(ByteBuffer.allocate(1), Wait.none()));
    MemoryLimitException cause = assertInstanceOf(MemoryLimitException.class, why);
    assertEquals(first.name(), cause.stream());
    assertEquals(64 * KB, cause.count());
    assertThrows(
        MemoryLimitException.class, () -> first.sink().write(ByteBuffer.allocate(1), Wait.none()));
    for (Pipe pipe : unread) {
      pipe.close();
    }
  }

  @Test
  void aFloodTakesFourTimesTheCapacityWhereThatIsAmple() throws Exception {
    assumeTrue(Runtime.getRuntime().availableProcessors() > 1, "it takes two processors");
    try (Pipe pipe = DrivenPipe.counted(PipeOptions.defaults(), engine)) {
      Floods.assertTakeWhatIsAmple(engine, pipe.sink(), pipe.source());
      assertTrue(pipe.trim());
      assertEquals(0, engine.budgets().container().held());
    }
  }

  private static Pipe filled(Pipes factory, PipeOptions options) throws IOException {
    Pipe pipe = factory.create(options);
    pipe.sink().writeFully(ByteBuffer.allocate(64 * KB), Wait.none());
    return pipe;
  }

  private static Pipe firstCut(List<Pipe> pipes) throws Exception {
    CompletableFuture<?>[] all =
        pipes.stream()
            .map(pipe -> pipe.closed().toCompletableFuture())
            .toArray(CompletableFuture[]::new);
    ExecutionException failure =
        assertThrows(
            ExecutionException.class, () -> CompletableFuture.anyOf(all).get(20, TimeUnit.SECONDS));
    assertInstanceOf(MemoryLimitException.class, failure.getCause());
    return pipes.stream()
        .filter(pipe -> pipe.closed().toCompletableFuture().isCompletedExceptionally())
        .findFirst()
        .orElseThrow();
  }
}
