// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.channel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.impl.buffer.MemoryPipe;
import io.penstock.impl.engine.Engine;
import io.penstock.spi.ChannelDriver;
import io.penstock.spi.SinkDriver;
import io.penstock.spi.SourceDriver;
import io.penstock.stream.ByteSource;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Channels whose driver comes late, or not at all. */
class DrivenChannelTest {
  private final Engine engine = new Engine();
  private final CompletableFuture<ChannelDriver> coming = new CompletableFuture<>();
  private final DrivenChannel channel =
      new DrivenChannel(Endpoint.parse("late:x"), ChannelOptions.defaults(), engine);

  @AfterEach
  void stop() {
    channel.abort(new IOException("the test is over"));
    engine.close();
  }

  /** A driver over memory that notes how it was let go. */
  private static class Driver implements ChannelDriver {
    private final MemoryPipe in = new MemoryPipe(64, false);
    private volatile boolean aborted;

    @Override
    public @Nullable SourceDriver source() {
      return in.source();
    }

    @Override
    public @Nullable SinkDriver sink() {
      return null;
    }

    @Override
    public void close() {}

    @Override
    public void abort(Throwable cause) {
      aborted = true;
    }
  }

  @Test
  void endingASinkThatNeverComesIsDoneWhenThatIsKnown() throws Exception {
    channel.connect(coming);
    CompletableFuture<Void> ended = channel.sink().endAsync().toCompletableFuture();
    assertFalse(ended.isDone());
    coming.complete(new Driver());
    ended.get(20, TimeUnit.SECONDS);
    long before = System.nanoTime();
    channel.close();
    assertTrue(System.nanoTime() - before < Duration.ofSeconds(4).toNanos(), "waited for nothing");
  }

  @Test
  void driverThatComesAfterAnAbortIsCut() {
    channel.connect(coming);
    channel.abort(new IOException("cut on purpose"));
    Driver late = new Driver();
    // Cancelled by the abort: a provider that is done all the same hands its driver over itself.
    channel.attach(late);
    assertTrue(late.aborted);
  }

  @Test
  void driverThatCannotBeUsedFailsTheChannel() {
    Driver bad =
        new Driver() {
          @Override
          public @Nullable SinkDriver sink() {
            throw new IllegalStateException("broken on purpose");
          }
        };
    channel.connect(CompletableFuture.completedFuture(bad));
    ExecutionException failure =
        assertThrows(
            ExecutionException.class,
            () -> channel.connected().toCompletableFuture().get(20, TimeUnit.SECONDS));
    assertTrue(String.valueOf(failure.getMessage()).contains("broken on purpose"));
    assertTrue(bad.aborted);
  }

  @Test
  void faultOfADriverIsToldByTheCloseAndGetsNoFurther() {
    Driver bad =
        new Driver() {
          @Override
          public void close() {
            throw new IllegalStateException("broken on purpose");
          }
        };
    channel.connect(CompletableFuture.completedFuture(bad));
    CompletableFuture<Void> closed = channel.closeAsync().toCompletableFuture();
    ExecutionException failure =
        assertThrows(ExecutionException.class, () -> closed.get(20, TimeUnit.SECONDS));
    assertTrue(String.valueOf(failure.getMessage()).contains("broken on purpose"));
  }

  @Test
  void failedConnectWakesWhoWaitsForAFurtherSource() throws Exception {
    ByteSource further = channel.context().source("further", new MemoryPipe(64, false).source());
    channel.connect(coming);
    CompletableFuture<Integer> reading =
        CompletableFuture.supplyAsync(
            () -> {
              try {
                return further.read(ByteBuffer.allocate(1), Wait.forever());
              } catch (IOException e) {
                return "refused on purpose".equals(e.getMessage()) ? -2 : -3;
              }
            });
    coming.completeExceptionally(new IOException("refused on purpose"));
    assertEquals(true, reading.get(20, TimeUnit.SECONDS) < -1);
  }
}
