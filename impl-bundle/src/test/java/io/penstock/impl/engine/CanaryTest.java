// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Pipe;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.spi.SelectorProvider;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A system that watches no more channels is noticed, and is asked again until it does. */
class CanaryTest {
  /** Finds that the system refuses, as often as it is told to. */
  private static final class Deaf extends Canary {
    private final AtomicInteger refusals = new AtomicInteger();
    private final CountDownLatch allRefused = new CountDownLatch(1);

    /** One when a selector is opened, and two that ask anew. */
    private final CountDownLatch looks = new CountDownLatch(3);

    @Override
    public boolean works(Selector selector, Consumer<SelectionKey> fire) throws IOException {
      boolean real = super.works(selector, fire);
      looks.countDown();
      int left = refusals.getAndUpdate(n -> Math.max(0, n - 1));
      if (left == 1) {
        allRefused.countDown();
      }
      return real && left == 0;
    }
  }

  private final Deaf canary = new Deaf();
  private final Engine engine = new Engine(Parker.SYSTEM, Engine::daemon, canary);

  @AfterEach
  void close() {
    engine.close();
  }

  private static void await(CountDownLatch latch) throws InterruptedException {
    assertTrue(latch.await(20, TimeUnit.SECONDS), "nothing came");
  }

  @Test
  void aSelectorThatTheSystemServesIsFoundToWork() throws Exception {
    try (Canary real = new Canary();
        Selector selector = real.open()) {
      Pipe pipe = Pipe.open();
      pipe.source().configureBlocking(false);
      SelectionKey key = pipe.source().register(selector, SelectionKey.OP_READ);
      assertEquals(1, pipe.sink().write(ByteBuffer.allocate(1)));
      int[] fired = new int[1];
      assertTrue(real.works(selector, other -> fired[0] += other == key ? 1 : 100));
      assertEquals(1, fired[0]);
      // The one that it watched is not found any more.
      assertEquals(1, selector.selectNow(other -> assertEquals(key, other)));
      assertEquals(1, Canary.keys(selector));
      pipe.source().close();
      pipe.sink().close();
    }
  }

  @Test
  void aSelectorThatTheSystemDoesNotServeIsNotUsed() throws Exception {
    canary.refusals.set(1);
    IOException refused = assertThrows(IOException.class, canary::open);
    assertTrue(refused.getMessage().contains("max_user_watches"), refused::getMessage);
    canary.open().close();
  }

  /** The first that waits may do so when there are no descriptors for the selector. */
  @Test
  void waiterOutlivesTheWantOfASelector() throws Exception {
    canary.refusals.set(2);
    Pipe pipe = Pipe.open();
    pipe.source().configureBlocking(false);
    CountDownLatch woken = new CountDownLatch(1);
    engine.await(pipe.source(), SelectionKey.OP_READ, woken::countDown);
    await(canary.allRefused);
    assertEquals(1, pipe.sink().write(ByteBuffer.allocate(1)));
    await(woken);
    pipe.source().close();
    pipe.sink().close();
  }

  @Test
  void waiterIsWokenByTheStopThoughThereIsNoSelector() throws Exception {
    canary.refusals.set(Integer.MAX_VALUE);
    Pipe pipe = Pipe.open();
    pipe.source().configureBlocking(false);
    CountDownLatch woken = new CountDownLatch(1);
    engine.await(pipe.source(), SelectionKey.OP_READ, woken::countDown);
    engine.close();
    await(woken);
    pipe.source().close();
    pipe.sink().close();
  }

  /** What was refused once is watched again, though the system serves the selector meanwhile. */
  @Test
  void whatTheSystemRefusedOnceIsAskedForAnew() throws Exception {
    try (Canary real = new Canary();
        Selector selector = real.open()) {
      Pipe pipe = Pipe.open();
      pipe.source().configureBlocking(false);
      SelectionKey key = pipe.source().register(selector, SelectionKey.OP_READ);
      Canary.askAnew(selector, List.of(key), other -> fail("nothing is ready"));
      assertEquals(SelectionKey.OP_READ, key.interestOps());
      assertEquals(1, pipe.sink().write(ByteBuffer.allocate(1)));
      int[] fired = new int[1];
      selector.select(other -> fired[0] += other == key ? 1 : 100, 20_000);
      assertEquals(1, fired[0]);
      pipe.source().close();
      Canary.askAnew(selector, List.of(key), other -> fail("it is closed"));
      pipe.sink().close();
    }
  }

  /** A caller that waits may have been overlooked: it tries, and waits anew. */
  @Test
  void whoeverWaitsAtTheReactorTriesAndIsWatchedAnew() throws Exception {
    Pipe pipe = Pipe.open();
    pipe.source().configureBlocking(false);
    AtomicInteger wakes = new AtomicInteger();
    CountDownLatch read = new CountDownLatch(1);
    Waiter[] self = new Waiter[1];
    self[0] =
        () -> {
          wakes.incrementAndGet();
          try {
            if (pipe.source().read(ByteBuffer.allocate(1)) == 1) {
              read.countDown();
              return;
            }
          } catch (IOException e) {
            throw new AssertionError(e);
          }
          engine.await(pipe.source(), SelectionKey.OP_READ, self[0]);
        };
    engine.await(pipe.source(), SelectionKey.OP_READ, self[0]);
    canary.refusals.set(2);
    await(canary.allRefused);
    assertFalse(read.await(0, TimeUnit.SECONDS));
    assertEquals(1, pipe.sink().write(ByteBuffer.allocate(1)));
    await(read);
    assertTrue(wakes.get() >= 2, "woken " + wakes.get() + " times");
    pipe.source().close();
    pipe.sink().close();
  }

  /** Asking anew lets go of the channel first, and may be refused itself. */
  @Test
  void whoeverWaitsOnIsAskedForMoreThanOnce() throws Exception {
    Pipe pipe = Pipe.open();
    pipe.source().configureBlocking(false);
    CountDownLatch woken = new CountDownLatch(1);
    engine.await(pipe.source(), SelectionKey.OP_READ, woken::countDown);
    await(canary.looks);
    assertFalse(woken.await(0, TimeUnit.SECONDS));
    assertEquals(1, pipe.sink().write(ByteBuffer.allocate(1)));
    await(woken);
    pipe.source().close();
    pipe.sink().close();
  }

  /** A selector without a system below it. */
  private static final class Failing extends Selector {
    @Override
    public boolean isOpen() {
      return true;
    }

    @Override
    public SelectorProvider provider() {
      return SelectorProvider.provider();
    }

    @Override
    public Set<SelectionKey> keys() {
      return Set.of();
    }

    @Override
    public Set<SelectionKey> selectedKeys() {
      return Set.of();
    }

    @Override
    public int selectNow(Consumer<SelectionKey> action) throws IOException {
      throw new IOException("no system");
    }

    @Override
    public int selectNow() throws IOException {
      throw new IOException("no system");
    }

    @Override
    public int select(long timeout) throws IOException {
      throw new IOException("no system");
    }

    @Override
    public int select() throws IOException {
      throw new IOException("no system");
    }

    @Override
    public Selector wakeup() {
      return this;
    }

    @Override
    public void close() {}
  }

  @Test
  void whatCouldNotBeAskedForIsStillWatched() throws Exception {
    Pipe pipe = Pipe.open();
    try (Selector real = Selector.open();
        Selector failing = new Failing()) {
      pipe.source().configureBlocking(false);
      SelectionKey key = pipe.source().register(real, SelectionKey.OP_READ);
      assertThrows(
          IOException.class,
          () -> Canary.askAnew(failing, List.of(key), other -> fail("nothing is ready")));
      assertEquals(SelectionKey.OP_READ, key.interestOps());
    } finally {
      pipe.source().close();
      pipe.sink().close();
    }
  }
}
