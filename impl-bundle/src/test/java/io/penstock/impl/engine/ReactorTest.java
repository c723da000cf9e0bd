// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.spi.EndDriver;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Pipe;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ReactorTest {
  private final Engine engine = new Engine();

  @AfterEach
  void close() {
    engine.close();
  }

  /** The selector forgets the key of a closed channel in the very select that the close ends. */
  @Test
  void whoeverWaitsForAChannelIsWokenByItsClose() throws Exception {
    for (int round = 0; round < 100; round++) {
      Pipe pipe = Pipe.open();
      pipe.source().configureBlocking(false);
      CountDownLatch woken = new CountDownLatch(2);
      engine.await(pipe.source(), SelectionKey.OP_READ, woken::countDown);
      engine.await(pipe.source(), SelectionKey.OP_READ, woken::countDown);
      // Until it waits, in most rounds.
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(round % 5));
      pipe.source().close();
      if (round % 2 == 0) {
        engine.flushClosed();
      } else {
        engine.flushClosed(having(pipe.source()));
      }
      assertTrue(woken.await(20, TimeUnit.SECONDS), "nobody told of the close, round " + round);
      pipe.sink().close();
    }
  }

  private static EndDriver having(SelectableChannel channel) {
    return new EndDriver() {
      @Override
      public boolean ready() {
        return false;
      }

      @Override
      public void onReady(Runnable callback) {}

      @Override
      public SelectableChannel selectable() {
        return channel;
      }

      @Override
      public void close() {}
    };
  }

  /** The selector may forget the key on its own, before the thread that closed it tells. */
  @Test
  void whoeverWaitsIsWokenThoughTheCloseIsNotTold() throws Exception {
    Reactor reactor = engine.carrier();
    long fastest = Long.MAX_VALUE;
    for (int round = 0; round < 5; round++) {
      Pipe pipe = Pipe.open();
      pipe.source().configureBlocking(false);
      CountDownLatch woken = new CountDownLatch(1);
      CountDownLatch waits = new CountDownLatch(1);
      reactor.await(pipe.source(), SelectionKey.OP_READ, woken::countDown);
      assertTrue(reactor.execute(waits::countDown));
      assertTrue(waits.await(20, TimeUnit.SECONDS));
      pipe.source().close();
      // Ends the select, as whatever else happens would.
      long begun = System.nanoTime();
      reactor.selector().wakeup();
      assertTrue(woken.await(20, TimeUnit.SECONDS));
      fastest = Math.min(fastest, System.nanoTime() - begun);
      pipe.sink().close();
    }
    // The canary looks after a second.
    assertTrue(fastest < Canary.PERIOD_NANOS / 2, "told after " + fastest + " ns");
  }

  /** Whether a selector that sleeps has a key of it that is cancelled, after a while. */
  private static boolean stays(SelectableChannel channel) {
    LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(50));
    return channel.isRegistered();
  }

  /** Where connections come and go, each wake-up would cost more than the rest of a close. */
  @Test
  void theCloseOfAChannelThatIsNotWaitedForWakesNobody() throws Exception {
    Pipe held = Pipe.open();
    Pipe other = Pipe.open();
    try (Canary canary = new Canary();
        Upkeep upkeep = new Upkeep(Engine::daemon);
        Reactor reactor = new Reactor("test", upkeep, canary)) {
      assertTrue(reactor.open());
      held.source().configureBlocking(false);
      do {
        // The selector forgets it as soon as it is woken, which its beginning may still do.
        held.source().register(reactor.selector(), 0).cancel();
      } while (!stays(held.source()));
      other.source().close();
      reactor.flush(other.source());
      assertTrue(stays(held.source()), "woken for a channel that it does not have");
      reactor.flush(held.source());
      long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
      while (held.source().isRegistered()) {
        assertTrue(System.nanoTime() < end, "not woken for a channel that it has");
        Thread.onSpinWait();
      }
    }
    held.source().close();
    held.sink().close();
    other.sink().close();
  }

  /** Until the selector has forgotten the key, the system accepts connections. */
  @Test
  void addressOfAClosedListenerIsFreeWhenThatIsTold() throws Exception {
    for (int round = 0; round < 100; round++) {
      ServerSocketChannel listening = ServerSocketChannel.open();
      listening.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
      SocketAddress address = listening.getLocalAddress();
      listening.configureBlocking(false);
      engine.await(listening, SelectionKey.OP_ACCEPT, () -> {});
      // Until it waits, in most rounds.
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(round % 3));
      CountDownLatch free = new CountDownLatch(1);
      listening.close();
      engine.flushClosed(free::countDown);
      assertTrue(free.await(20, TimeUnit.SECONDS), "round " + round);
      assertThrows(ConnectException.class, () -> SocketChannel.open(address).close());
    }
  }

  @Test
  void whoeverWaitsIsWokenOnceByWhatComesAndNotByAClose() throws Exception {
    AtomicInteger wakes = new AtomicInteger();
    Pipe pipe = Pipe.open();
    pipe.source().configureBlocking(false);
    CountDownLatch first = new CountDownLatch(1);
    engine.await(
        pipe.source(),
        SelectionKey.OP_READ,
        () -> {
          wakes.incrementAndGet();
          first.countDown();
        });
    assertEquals(1, pipe.sink().write(ByteBuffer.allocate(1)));
    assertTrue(first.await(20, TimeUnit.SECONDS));
    pipe.source().close();
    pipe.sink().close();
    engine.settleClosed();
    assertEquals(1, wakes.get());
  }

  /** Such as a relay whose source never runs dry. */
  @Test
  void whoComesBackAtOnceHoldsNobodyUp() throws Exception {
    Reactor reactor = engine.carrier();
    Runnable[] self = new Runnable[1];
    self[0] = () -> reactor.execute(self[0]);
    reactor.execute(self[0]);
    Pipe pipe = Pipe.open();
    pipe.source().configureBlocking(false);
    CountDownLatch woken = new CountDownLatch(1);
    reactor.await(pipe.source(), SelectionKey.OP_READ, woken::countDown);
    assertEquals(1, pipe.sink().write(ByteBuffer.allocate(1)));
    assertTrue(woken.await(20, TimeUnit.SECONDS));
    pipe.source().close();
    pipe.sink().close();
  }

  @Test
  void theStopWakesEverybodyWhoWaits() throws Exception {
    CountDownLatch woken = new CountDownLatch(3);
    Pipe[] pipes = {Pipe.open(), Pipe.open(), Pipe.open()};
    for (Pipe pipe : pipes) {
      pipe.source().configureBlocking(false);
      engine.await(pipe.source(), SelectionKey.OP_READ, woken::countDown);
    }
    engine.close();
    assertTrue(woken.await(20, TimeUnit.SECONDS));
    for (Pipe pipe : pipes) {
      pipe.source().close();
      pipe.sink().close();
    }
  }

  /** The first selector of a process takes a tenth of a second. */
  @Test
  void nobodyWaitsUntilAnotherCallerHasOpenedASelector() throws Exception {
    CountDownLatch opens = new CountDownLatch(1);
    CountDownLatch goesOn = new CountDownLatch(1);
    try (Canary slow =
            new Canary() {
              @Override
              public boolean works(Selector selector, Consumer<SelectionKey> fire)
                  throws IOException {
                opens.countDown();
                try {
                  goesOn.await();
                } catch (InterruptedException e) {
                  throw new IOException(e);
                }
                return super.works(selector, fire);
              }
            };
        Upkeep upkeep = new Upkeep(Engine::daemon);
        Reactor reactor = new Reactor("test", upkeep, slow)) {
      // Not the common pool, which may have one thread only.
      Executor threads = task -> new Thread(task, "test").start();
      CompletableFuture<Boolean> opened = CompletableFuture.supplyAsync(reactor::open, threads);
      assertTrue(opens.await(20, TimeUnit.SECONDS));
      CompletableFuture<Void> flushed = CompletableFuture.runAsync(reactor::flush, threads);
      try {
        flushed.get(20, TimeUnit.SECONDS);
      } finally {
        goesOn.countDown();
      }
      assertTrue(opened.get(20, TimeUnit.SECONDS));
      CountDownLatch ran = new CountDownLatch(1);
      assertTrue(reactor.execute(ran::countDown));
      assertTrue(ran.await(20, TimeUnit.SECONDS));
    }
  }

  /** The engine ends its upkeep first, and with it every second try. */
  @Test
  void theCloseAfterAFailureLeavesNoSelector() throws Exception {
    Upkeep upkeep = new Upkeep(Engine::daemon);
    Canary canary = new Canary();
    Reactor reactor = new Reactor("test", upkeep, canary);
    Pipe pipe = Pipe.open();
    Pipe foreign = Pipe.open();
    try {
      pipe.source().configureBlocking(false);
      foreign.sink().configureBlocking(false);
      CountDownLatch woken = new CountDownLatch(1);
      reactor.await(pipe.source(), SelectionKey.OP_READ, woken::countDown);
      Selector selector = reactor.selector();
      AtomicReference<Thread> thread = new AtomicReference<>();
      CountDownLatch registered = new CountDownLatch(1);
      upkeep.close();
      reactor.execute(
          () -> {
            thread.set(Thread.currentThread());
            try {
              // Without what the reactor has at each of its own: the next round fails.
              foreign.sink().register(selector, SelectionKey.OP_WRITE);
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
            registered.countDown();
          });
      assertTrue(registered.await(20, TimeUnit.SECONDS));
      thread.get().join(TimeUnit.SECONDS.toMillis(20));
      assertFalse(thread.get().isAlive());
      assertTrue(selector.isOpen());
      reactor.close();
      assertFalse(selector.isOpen());
      assertTrue(woken.await(20, TimeUnit.SECONDS), "nobody told who waited");
    } finally {
      reactor.close();
      canary.close();
      for (Pipe each : new Pipe[] {pipe, foreign}) {
        each.source().close();
        each.sink().close();
      }
    }
  }
}
