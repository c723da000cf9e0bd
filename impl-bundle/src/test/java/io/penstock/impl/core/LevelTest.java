// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.core;

import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.error.WouldBlockException;
import io.penstock.impl.channel.DrivenChannel;
import io.penstock.impl.engine.Engine;
import io.penstock.spi.ChannelDriver;
import io.penstock.spi.ListenerDriver;
import io.penstock.spi.ProviderContext;
import io.penstock.stream.Wait;
import io.penstock.stream.Watch;
import java.io.IOException;
import java.nio.channels.Pipe;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The watchers of a signal and what they see. */
class LevelTest {
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
}
