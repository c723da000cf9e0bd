// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.impl.engine.Engine;
import io.penstock.spi.SourceDriver;
import io.penstock.stream.Wait;
import java.nio.ByteBuffer;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A task that is asked for over and over: one waiter, and one run for each time. */
class NextTryTest {
  private static final int ROUNDS = 200_000;

  private final Engine engine = new Engine();
  private final Ready driver = new Ready();
  private final SourceEnd source = new SourceEnd("tried", engine, Wait.forever(), driver);

  @AfterEach
  void close() {
    engine.close();
  }

  /** Is as ready as it is told to be. */
  private static final class Ready implements SourceDriver {
    private volatile boolean ready;

    @Override
    public int read(ByteBuffer dst) {
      return 0;
    }

    @Override
    public long available() {
      return 0;
    }

    @Override
    public boolean ready() {
      return ready;
    }

    @Override
    public void onReady(Runnable callback) {}

    @Override
    public void close() {}
  }

  @Test
  void itRunsOnceForEachTimeThatItIsAskedFor() {
    AtomicInteger runs = new AtomicInteger();
    NextTry next = source.nextTry(runs::incrementAndGet);
    source.wake();
    next.ask();
    source.wake();
    assertEquals(0, runs.get());
    assertEquals(1, source.waiters().length);

    driver.ready = true;
    source.wake();
    source.wake();
    assertEquals(1, runs.get());
    assertEquals(0, source.waiters().length);

    next.ask();
    assertEquals(2, runs.get());
    assertEquals(0, source.waiters().length);
  }

  @Test
  void aTaskThatFailsIsNotAskedForAnyMore() {
    driver.ready = true;
    NextTry next =
        source.nextTry(
            () -> {
              throw new IllegalStateException("planned");
            });
    assertThrows(IllegalStateException.class, next::ask);
    assertEquals(0, source.waiters().length);
    source.wake();
  }

  /** A wake-up of the time before must leave nothing among the waiters, and take nothing away. */
  @Test
  void lateWakeUpsFromOtherThreadsDoNoHarm() throws Exception {
    driver.ready = true;
    CountDownLatch done = new CountDownLatch(1);
    AtomicInteger runs = new AtomicInteger();
    NextTry[] next = new NextTry[1];
    next[0] =
        source.nextTry(
            () -> {
              if (runs.incrementAndGet() < ROUNDS) {
                engine.execute(next[0]::ask);
              } else {
                done.countDown();
              }
            });
    Thread late =
        new Thread(
            () -> {
              while (done.getCount() != 0) {
                next[0].wake();
              }
            });
    late.setDaemon(true);
    late.start();
    next[0].ask();
    assertTrue(done.await(60, TimeUnit.SECONDS), () -> runs + " of " + ROUNDS);
    late.join();
    assertEquals(ROUNDS, runs.get());
    assertEquals(0, source.waiters().length);
  }
}
