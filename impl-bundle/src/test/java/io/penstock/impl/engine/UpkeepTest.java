// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Pipe;
import java.nio.channels.SelectionKey;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Nobody is forgotten because there was no thread for a moment, or one died. */
class UpkeepTest {
  private final ScarceThreads threads = new ScarceThreads();
  private final Engine engine = new Engine(Parker.SYSTEM, threads, new Canary());
  private final List<String> lines = new CopyOnWriteArrayList<>();
  private final Logger logger = Logger.getLogger("io.penstock");
  private final Handler log =
      new Handler() {
        @Override
        public void publish(LogRecord line) {
          lines.add(line.getLevel() + " " + new SimpleFormatter().formatMessage(line));
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
      };

  @BeforeEach
  void begin() throws Exception {
    logger.addHandler(log);
    logger.setUseParentHandlers(false);
    CountDownLatch ran = new CountDownLatch(1);
    engine.execute(ran::countDown);
    await(ran);
    threads.awaitEnd("penstock-worker");
  }

  @AfterEach
  void close() {
    threads.recover();
    engine.close();
    logger.removeHandler(log);
    logger.setUseParentHandlers(true);
  }

  private static void await(CountDownLatch latch) throws InterruptedException {
    assertTrue(latch.await(20, TimeUnit.SECONDS), "nothing came");
  }

  private long said(String text) {
    return lines.stream().filter(line -> line.contains(text)).count();
  }

  private static Pipe written() throws IOException {
    Pipe pipe = Pipe.open();
    pipe.source().configureBlocking(false);
    assertEquals(1, pipe.sink().write(ByteBuffer.allocate(1)));
    return pipe;
  }

  private static void close(Pipe pipe) throws IOException {
    pipe.source().close();
    pipe.sink().close();
  }

  // ---- no thread for a moment

  @Test
  void aTaskRunsAsSoonAsThereIsAThreadForIt() throws Exception {
    CountDownLatch tried = threads.runOut(5);
    CountDownLatch ran = new CountDownLatch(2);
    engine.execute(ran::countDown);
    engine.execute(ran::countDown);
    await(tried);
    threads.recover();
    await(ran);
    assertEquals(1, said("a worker cannot be started"), lines::toString);
  }

  @Test
  void whatCannotBeDoneYetHoldsUpNothingElse() throws Exception {
    Throwable planted = new OutOfMemoryError("planted");
    CountDownLatch tried = new CountDownLatch(3);
    CountDownLatch ran = new CountDownLatch(1);
    Upkeep upkeep = new Upkeep(threads);
    upkeep.again(
        "a step fails",
        planted,
        () -> {
          tried.countDown();
          throw new IllegalStateException("planted");
        });
    await(tried);
    upkeep.again("another fails", planted, ran::countDown);
    await(ran);
    upkeep.close();
  }

  @Test
  void whatComesAfterTheCloseIsTriedOnce() {
    Upkeep upkeep = new Upkeep(threads);
    upkeep.close();
    CountDownLatch ran = new CountDownLatch(2);
    upkeep.again("a step fails", new OutOfMemoryError("planted"), ran::countDown);
    assertEquals(1, ran.getCount());
    upkeep.again(
        "a step fails",
        new OutOfMemoryError("planted"),
        () -> {
          throw new IllegalStateException("planted");
        });
    assertEquals(1, said("a step fails, and everything is closing"), lines::toString);
  }

  /** A listener that is bound has what must be released. */
  @Test
  void preparingToWaitDoesNotFailForWantOfThreads() throws Exception {
    try (Engine fresh = new Engine(Parker.SYSTEM, threads, new Canary())) {
      CountDownLatch tried = threads.runOut(1);
      fresh.prepareToAwait();
      await(tried);
      threads.recover();
    }
  }

  @Test
  void tasksInARowKeepTheirOrder() throws Exception {
    CountDownLatch tried = threads.runOut(3);
    Executor serial = engine.serial();
    List<Integer> order = new CopyOnWriteArrayList<>();
    CountDownLatch ran = new CountDownLatch(3);
    for (int i = 0; i < 3; i++) {
      int number = i;
      serial.execute(
          () -> {
            order.add(number);
            ran.countDown();
          });
    }
    await(tried);
    threads.recover();
    await(ran);
    assertEquals(List.of(0, 1, 2), order);
  }

  /** As one does that is not the engine's. */
  @Test
  void tasksInARowOutliveAnExecutorThatFails() throws Exception {
    CountDownLatch ran = new CountDownLatch(2);
    boolean[] failing = {true};
    Executor serial =
        new SerialExecutor(
            task -> {
              if (failing[0]) {
                throw new OutOfMemoryError("planted");
              }
              task.run();
            });
    try {
      serial.execute(ran::countDown);
    } catch (OutOfMemoryError e) {
      assertEquals("planted", e.getMessage());
    }
    failing[0] = false;
    serial.execute(ran::countDown);
    await(ran);
  }

  @Test
  void theReactorWakesWhoCameBeforeItHadAThread() throws Exception {
    CountDownLatch tried = threads.runOut(3);
    Pipe pipe = written();
    CountDownLatch woken = new CountDownLatch(1);
    engine.await(pipe.source(), SelectionKey.OP_READ, woken::countDown);
    await(tried);
    threads.recover();
    await(woken);
    close(pipe);
  }

  @Test
  void theTimerRunsWhatWasAskedForBeforeItHadAThread() throws Exception {
    CountDownLatch tried = threads.runOut(3);
    CountDownLatch ran = new CountDownLatch(1);
    Future<?> unused = engine.schedule(Duration.ofMillis(1), ran::countDown);
    await(tried);
    threads.recover();
    await(ran);
  }

  @Test
  void anEngineWithoutThreadsCloses() throws Exception {
    CountDownLatch tried = threads.runOut(3);
    Pipe pipe = Pipe.open();
    pipe.source().configureBlocking(false);
    CountDownLatch woken = new CountDownLatch(2);
    engine.await(pipe.source(), SelectionKey.OP_READ, woken::countDown);
    engine.execute(woken::countDown);
    await(tried);
    engine.close();
    await(woken);
    close(pipe);
  }

  // ---- a thread that dies

  @ParameterizedTest
  @ValueSource(strings = {"penstock-reactor", "penstock-timer"})
  void aThreadThatDiesIsReplaced(String name) throws Exception {
    threads.doom(name);
    Pipe pipe = written();
    CountDownLatch done = new CountDownLatch(2);
    engine.await(pipe.source(), SelectionKey.OP_READ, done::countDown);
    Future<?> unused = engine.schedule(Duration.ofMillis(1), done::countDown);
    await(done);
    assertEquals(1, said("SEVERE " + name + " died of a fault, and is started anew"));
    close(pipe);
  }

  @Test
  void whoTriesAgainIsReplacedToo() throws Exception {
    ScarceThreads dying = new ScarceThreads();
    dying.doom("penstock-keeper");
    try (Engine other = new Engine(Parker.SYSTEM, dying, new Canary())) {
      CountDownLatch first = new CountDownLatch(1);
      other.execute(first::countDown);
      await(first);
      dying.awaitEnd("penstock-worker");
      CountDownLatch tried = dying.runOut(3);
      CountDownLatch ran = new CountDownLatch(1);
      other.execute(ran::countDown);
      await(tried);
      dying.recover();
      await(ran);
    }
    assertEquals(1, said("SEVERE penstock-keeper died of a fault, and is started anew"));
  }

  // ---- a loop that fails

  @Test
  void theReactorOutlivesItsSelector() throws Exception {
    Reactor reactor = engine.carrier();
    Pipe pipe = Pipe.open();
    pipe.source().configureBlocking(false);
    CountDownLatch woken = new CountDownLatch(1);
    reactor.await(pipe.source(), SelectionKey.OP_READ, woken::countDown);
    CountDownLatch registered = new CountDownLatch(1);
    assertTrue(reactor.execute(registered::countDown));
    await(registered);
    reactor.selector().close();
    // To try, because the new selector does not know it.
    await(woken);
    assertEquals(1, pipe.sink().write(ByteBuffer.allocate(1)));
    CountDownLatch again = new CountDownLatch(1);
    reactor.await(pipe.source(), SelectionKey.OP_READ, again::countDown);
    await(again);
    assertEquals(1, said("failed, and is tried again"), lines::toString);
    close(pipe);
  }

  @Test
  void aFaultOfOneWaiterOrTaskIsOnlyIts() throws Exception {
    Pipe one = written();
    Pipe other = written();
    CountDownLatch woken = new CountDownLatch(2);
    engine.await(
        one.source(),
        SelectionKey.OP_READ,
        () -> {
          throw new LinkageError("planted");
        });
    engine.await(other.source(), SelectionKey.OP_READ, woken::countDown);
    Future<?> unused =
        engine.schedule(
            Duration.ofMillis(1),
            () -> {
              throw new LinkageError("planted");
            });
    Future<?> next = engine.schedule(Duration.ofMillis(2), woken::countDown);
    await(woken);
    Object unusedResult = next.get(20, TimeUnit.SECONDS);
    close(one);
    close(other);
  }
}
