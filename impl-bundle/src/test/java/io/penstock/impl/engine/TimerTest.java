// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Objects;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class TimerTest {
  private static final long HOUR = TimeUnit.HOURS.toNanos(1);
  private static final long MILLI = TimeUnit.MILLISECONDS.toNanos(1);

  private final Timer timer = new Timer("timer-of-a-test", new Upkeep(Engine::daemon));
  private final LinkedBlockingQueue<String> ran = new LinkedBlockingQueue<>();
  private final LinkedBlockingQueue<Thread> threads = new LinkedBlockingQueue<>();

  @AfterEach
  void stop() {
    timer.stop();
  }

  private Future<?> in(long nanos, String name) {
    return timer.schedule(
        () -> {
          threads.add(Thread.currentThread());
          ran.add(name);
        },
        nanos);
  }

  private String next() throws InterruptedException {
    return Objects.requireNonNull(ran.poll(20, TimeUnit.SECONDS), "nothing was run");
  }

  @Test
  void whatIsDueFirstIsRunFirstAndNotTooEarly() throws Exception {
    long begun = System.nanoTime();
    in(400 * MILLI, "early");
    in(HOUR, "never");
    in(800 * MILLI, "late");
    in(-1, "now");
    assertEquals("now", next());
    assertEquals("early", next());
    assertTrue(System.nanoTime() - begun >= 400 * MILLI);
    assertEquals("late", next());
    assertTrue(System.nanoTime() - begun >= 800 * MILLI);
    assertNull(ran.poll(50, TimeUnit.MILLISECONDS));
    assertSame(threads.take(), threads.take(), "one thread runs them all");
  }

  /** Or it would be run an hour late. */
  @Test
  void whatIsDueBeforeTheThreadWouldWakeWakesIt() throws Exception {
    for (int i = 0; i < 20; i++) {
      Future<?> never = in(HOUR, "never");
      // Until the thread sleeps, in most rounds.
      LockSupport.parkNanos(i % 3 * MILLI);
      in(MILLI, "soon");
      assertEquals("soon", next());
      assertTrue(never.cancel(false));
      // From here on it lingers.
      in(2 * MILLI, "then");
      assertEquals("then", next());
    }
  }

  @Test
  void whatIsCancelledIsNotRun() throws Exception {
    Future<?> one = in(2000 * MILLI, "one");
    in(2100 * MILLI, "two");
    assertTrue(one.cancel(false));
    assertEquals("two", next());
    assertEquals(0, ran.size());
    assertFalse(one.cancel(false));
  }

  @Test
  void theSameInstantTwiceIsTwoTasks() throws Exception {
    for (int i = 0; i < 100; i++) {
      in(MILLI, "x");
    }
    for (int i = 0; i < 100; i++) {
      assertEquals("x", next());
    }
  }

  @Test
  void theThreadEndsAMomentAfterTheLastTaskAndComesAgain() throws Exception {
    in(0, "one");
    assertEquals("one", next());
    Thread first = threads.take();
    first.join(20_000);
    assertFalse(first.isAlive());
    in(0, "two");
    assertEquals("two", next());
    Thread second = threads.take();
    assertNotSame(first, second);
    in(HOUR, "never").cancel(false);
    second.join(20_000);
    assertFalse(second.isAlive(), "it has nothing to wait for");
  }

  @Test
  void afterTheStopNothingIsRunOrTaken() throws Exception {
    in(0, "one");
    assertEquals("one", next());
    in(HOUR, "two");
    timer.stop();
    timer.join(20_000);
    assertFalse(threads.take().isAlive());
    assertThrows(RejectedExecutionException.class, () -> in(0, "three"));
    assertNull(ran.poll());
  }
}
