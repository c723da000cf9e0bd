// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Listener;
import io.penstock.error.WouldBlockException;
import io.penstock.impl.channel.DrivenChannel;
import io.penstock.impl.engine.Engine;
import io.penstock.spi.ChannelDriver;
import io.penstock.spi.ListenerDriver;
import io.penstock.spi.ProviderContext;
import io.penstock.standalone.Penstock;
import io.penstock.stream.Signal;
import io.penstock.stream.Wait;
import io.penstock.stream.Watch;
import java.io.IOException;
import java.nio.channels.Pipe;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The watchers of a signal and what they see. */
class LevelTest {
  private static final Wait SOON = Wait.upTo(Duration.ofSeconds(20));

  private final Engine engine = new Engine();

  @AfterEach
  void close() {
    engine.close();
  }

  /** Fails each accept, and runs something in the middle of one. */
  private static final class Failing implements ListenerDriver {
    final AtomicReference<Runnable> meanwhile = new AtomicReference<>(() -> {});
    private final Pipe pipe;

    Failing(Pipe pipe) {
      this.pipe = pipe;
    }

    @Override
    public @Nullable ChannelDriver accept(ProviderContext context) throws IOException {
      meanwhile.getAndSet(() -> {}).run();
      throw new IOException("reset");
    }

    @Override
    public Endpoint endpoint() {
      return Endpoint.parse("test-listen:x");
    }

    @Override
    public boolean ready() {
      return false;
    }

    @Override
    public void onReady(Runnable ready) {
      // The selector tells.
    }

    @Override
    public SelectableChannel selectable() {
      return pipe.source();
    }

    @Override
    public int interest() {
      return SelectionKey.OP_READ;
    }

    @Override
    public void close() {}
  }

  /**
   * A look of the watcher's own holds the turn for a moment. A call that comes just then is told
   * "nothing now" and leaves, so the watcher must be called again: nobody else would.
   */
  @Test
  void watcherIsCalledAgainWhenItsOwnLookTurnedACallAway() throws Exception {
    Pipe pipe = Pipe.open();
    try (Pipe.SourceChannel source = pipe.source();
        Pipe.SinkChannel sink = pipe.sink()) {
      assertTrue(sink.isOpen());
      source.configureBlocking(false);
      Failing driver = new Failing(pipe);
      ProviderContext lent =
          new DrivenChannel(driver.endpoint(), ChannelOptions.defaults(), engine).context();
      ListenerEnd end =
          new ListenerEnd(
              "listener",
              engine,
              driver,
              () -> {
                ChannelDriver nobody = driver.accept(lent);
                assertNull(nobody);
                return null;
              },
              1);
      Semaphore called = new Semaphore(0);
      AtomicReference<Throwable> told = new AtomicReference<>();
      Watch watch = end.acceptable().onSet(Runnable::run, called::release);
      try {
        assertTrue(called.tryAcquire(20, TimeUnit.SECONDS), "the failure was not told");
        driver.meanwhile.set(
            () -> told.set(assertThrows(IOException.class, () -> end.accept(Wait.none()))));
        end.wake();
        assertTrue(called.tryAcquire(20, TimeUnit.SECONDS), "who accepts waits for ever");
        assertInstanceOf(WouldBlockException.class, told.get());
      } finally {
        watch.close();
        end.close();
      }
    }
  }

  /** How often an end wakes its waiters while the reactor goes round often. */
  private static int wakes(End end, Supplier<Watch> watches) throws Exception {
    AtomicInteger count = new AtomicInteger();
    try (Watch watch = watches.get()) {
      assertNotNull(watch);
      end.addWaiter(count::incrementAndGet);
      for (int i = 0; i < 300; i++) {
        CountDownLatch round = new CountDownLatch(1);
        end.engine().flushClosed(round::countDown);
        assertTrue(round.await(20, TimeUnit.SECONDS));
      }
    }
    return count.get();
  }

  @Test
  void whatTheSystemDoesNotChangeKeepsNoThreadBusy() throws Exception {
    try (Penstock penstock = Penstock.open();
        Listener listener = penstock.channels().listen("tcp-listen://127.0.0.1:0");
        Channel client =
            penstock.channels().open(listener.endpoint().toString().replace("-listen", ""));
        Channel server = listener.accept(SOON)) {
      client.sink().writeFully("unread", SOON);
      server.source().awaitReadable(SOON);
      SourceEnd source = (SourceEnd) server.source();
      SinkEnd sink = (SinkEnd) server.sink();
      Runnable nothing = () -> {};
      assertEquals(0, wakes(source, () -> source.closing().onSet(Runnable::run, nothing)));
      assertEquals(0, wakes(sink, () -> sink.closing().onSet(Runnable::run, nothing)));
      sink.reader().clear();
      assertEquals(0, wakes(sink, () -> sink.reader().onSet(Runnable::run, nothing)));
      Signal either = source.closing().or(sink.closing(), sink.reader());
      assertEquals(0, wakes(sink, () -> either.onSet(Runnable::run, nothing)));
      assertEquals(0, wakes(source, () -> either.onSet(Runnable::run, nothing)));
    }
  }

  @Test
  void aWatcherRestsWhileAnotherCallerHasTheTurn() throws Exception {
    try (Penstock penstock = Penstock.open();
        Listener listener = penstock.channels().listen("tcp-listen://127.0.0.1:0");
        Channel client =
            penstock.channels().open(listener.endpoint().toString().replace("-listen", ""));
        Channel server = listener.accept(SOON)) {
      SourceEnd source = (SourceEnd) server.source();
      Semaphore told = new Semaphore(0);
      assertTrue(source.tryEnter());
      int wakes;
      try (Watch watch = source.readable().onSet(Runnable::run, told::release)) {
        client.sink().writeFully("unread", SOON);
        source.whenReady(told::release);
        wakes = wakes(source, () -> watch);
        assertEquals(0, told.availablePermits());
      } finally {
        source.exit();
      }
      assertTrue(wakes < 10, wakes + " wakes");
      assertTrue(told.tryAcquire(20, TimeUnit.SECONDS));
    }
  }
}
