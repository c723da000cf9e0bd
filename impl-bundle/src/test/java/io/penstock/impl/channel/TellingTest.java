// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.channel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.impl.core.SinkEnd;
import io.penstock.impl.engine.Engine;
import io.penstock.impl.kind.memory.MemoryPair;
import io.penstock.spi.ChannelDriver;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** In which order the outcomes of asynchronous calls are told. */
class TellingTest {
  private final Engine engine = new Engine();
  private final List<String> told = Collections.synchronizedList(new ArrayList<>());
  private final CountDownLatch all = new CountDownLatch(6);

  @AfterEach
  void close() {
    engine.close();
  }

  private void tell(String what, CompletionStage<?> stage) {
    stage.whenComplete(
        (done, failure) -> {
          told.add(what);
          all.countDown();
        });
  }

  private CompletionStage<Void> ask(Channel channel) {
    tell("connected", channel.connected());
    tell("closed", channel.closed());
    for (int i = 0; i < 3; i++) {
      tell("write " + i, channel.sink().writeAsync(ByteBuffer.allocate(1 << 20)));
    }
    CompletionStage<Void> end = channel.sink().endAsync();
    tell("end", end);
    return end;
  }

  private void toldInOrder() throws InterruptedException {
    assertTrue(all.await(20, TimeUnit.SECONDS), () -> "only these were told: " + told);
    assertEquals(List.of("connected", "write 0", "write 1", "write 2", "end", "closed"), told);
  }

  @Test
  void connectionIsToldBeforeTheWritesThatWaitedForIt() throws Exception {
    CompletableFuture<ChannelDriver> connecting = new CompletableFuture<>();
    DrivenChannel channel =
        new DrivenChannel(Endpoint.parse("mem:x"), ChannelOptions.defaults(), engine);
    channel.connect(connecting);
    CompletionStage<Void> end = ask(channel);
    connecting.completeExceptionally(new IOException("refused"));
    toldInOrder();
    assertThrows(ExecutionException.class, () -> end.toCompletableFuture().get());
  }

  @Test
  void writesAreToldInOrderWhenAClosePassesItsLimit() throws Exception {
    ChannelOptions options = ChannelOptions.defaults().withCloseTimeout(Duration.ofMillis(50));
    DrivenChannel channel = new DrivenChannel(Endpoint.parse("mem:x"), options, engine);
    // Nobody reads, so the first write begins and never ends.
    channel.connect(CompletableFuture.completedFuture(MemoryPair.create("x", options).left()));
    CompletionStage<Void> end = ask(channel);
    channel.close();
    toldInOrder();
    assertThrows(ExecutionException.class, () -> end.toCompletableFuture().get());
  }

  // ---- a write that is asked for after the outcome shows and before anybody was told of it

  private final CountDownLatch writeTold = new CountDownLatch(1);
  private final AtomicBoolean asked = new AtomicBoolean();
  private volatile boolean toldEarly;

  /** Gives a write that is told too early the time for it. */
  private void askInBetween(Channel channel) {
    channel
        .sink()
        .writeAsync(ByteBuffer.allocate(1))
        .whenComplete(
            (done, failure) -> {
              told.add("write");
              writeTold.countDown();
            });
    try {
      toldEarly = writeTold.await(200, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private void assertConnectionFirst(DrivenChannel channel, Runnable outcome) throws Exception {
    channel.connected().whenComplete((done, failure) -> told.add("connected"));
    SinkEnd sink = (SinkEnd) channel.sink();
    // What became of the connection shows at the sink: this runs where that is set.
    sink.addWaiter(
        () -> {
          boolean shows = sink.driver() != null || sink.failure() != null || sink.isClosed();
          if (shows && asked.compareAndSet(false, true)) {
            askInBetween(channel);
          }
        });
    outcome.run();
    assertTrue(asked.get());
    assertTrue(writeTold.await(20, TimeUnit.SECONDS));
    assertFalse(toldEarly);
    assertEquals(List.of("connected", "write"), told);
  }

  private DrivenChannel channel() {
    return new DrivenChannel(Endpoint.parse("mem:x"), ChannelOptions.defaults(), engine);
  }

  @Test
  void connectionIsToldBeforeAWriteOfTheInstant() throws Exception {
    CompletableFuture<ChannelDriver> connecting = new CompletableFuture<>();
    DrivenChannel channel = channel();
    channel.connect(connecting);
    ChannelDriver driver = MemoryPair.create("x", ChannelOptions.defaults()).left();
    assertConnectionFirst(channel, () -> connecting.complete(driver));
  }

  @Test
  void failureToConnectIsToldBeforeAWriteOfTheInstant() throws Exception {
    CompletableFuture<ChannelDriver> connecting = new CompletableFuture<>();
    DrivenChannel channel = channel();
    channel.connect(connecting);
    assertConnectionFirst(
        channel, () -> connecting.completeExceptionally(new IOException("refused")));
  }

  @Test
  void abortWhileConnectingIsToldBeforeAWriteOfTheInstant() throws Exception {
    DrivenChannel channel = channel();
    channel.connect(new CompletableFuture<>());
    assertConnectionFirst(channel, () -> channel.abort(new IOException("cut on purpose")));
  }

  @Test
  void closeWhileConnectingIsToldBeforeAWriteOfTheInstant() throws Exception {
    DrivenChannel channel = channel();
    channel.connect(new CompletableFuture<>());
    assertConnectionFirst(
        channel,
        () -> {
          CompletionStage<Void> unused = channel.closeAsync();
        });
  }

  /** The stream is over by then, but its user has not been told of what came before. */
  @Test
  void endThatIsAskedForLateIsToldAfterTheWritesBeforeIt() throws Exception {
    CompletableFuture<ChannelDriver> connecting = new CompletableFuture<>();
    CountDownLatch goesOn = new CountDownLatch(1);
    DrivenChannel channel = channel();
    channel.connect(connecting);
    channel
        .connected()
        .thenRun(
            () -> {
              try {
                assertTrue(goesOn.await(20, TimeUnit.SECONDS));
              } catch (InterruptedException e) {
                throw new AssertionError(e);
              }
            });
    CompletionStage<Void> write = channel.sink().writeAsync(ByteBuffer.allocate(1));
    tell("write", write);
    connecting.complete(MemoryPair.create("x", ChannelOptions.defaults()).left());
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (channel.sink().queued() > 0) {
      assertTrue(System.nanoTime() < end, "the write does not go out");
      Thread.onSpinWait();
    }
    channel.sink().end();
    CompletionStage<Void> ended = channel.sink().endAsync();
    tell("end", ended);
    assertEquals(List.of(), told);
    goesOn.countDown();
    ended.toCompletableFuture().get(20, TimeUnit.SECONDS);
    assertEquals(List.of("write", "end"), told);
  }

  /** They may take their time, and the closing thread may be that of a poller. */
  @Test
  void closeIsToldOnAnotherThreadToCallersThatWaitForIt() throws Exception {
    DrivenChannel channel = channel();
    channel.connect(
        CompletableFuture.completedFuture(
            MemoryPair.create("x", ChannelOptions.defaults()).left()));
    CountDownLatch goesOn = new CountDownLatch(1);
    CompletableFuture<Boolean> waited =
        channel
            .closed()
            .thenApply(
                done -> {
                  try {
                    return goesOn.await(20, TimeUnit.SECONDS);
                  } catch (InterruptedException e) {
                    throw new AssertionError(e);
                  }
                })
            .toCompletableFuture();
    CompletionStage<Void> unused = channel.closeAsync();
    assertFalse(waited.isDone());
    goesOn.countDown();
    assertTrue(waited.get(20, TimeUnit.SECONDS));
  }

  /** A callback that is told of the connection may wait for a write that was asked for after it. */
  @Test
  void writeAfterTheConnectionIsToldWhileTheConnectionIs() throws Exception {
    CompletableFuture<ChannelDriver> connecting = new CompletableFuture<>();
    DrivenChannel channel = channel();
    channel.connect(connecting);
    CompletionStage<Void> written = channel.connected().thenAccept(TellingTest::writeAndWait);
    connecting.complete(MemoryPair.create("x", ChannelOptions.defaults()).left());
    written.toCompletableFuture().get(20, TimeUnit.SECONDS);
  }

  private static void writeAndWait(Channel channel) {
    try {
      channel
          .sink()
          .writeAsync(ByteBuffer.allocate(1))
          .toCompletableFuture()
          .get(10, TimeUnit.SECONDS);
    } catch (InterruptedException | ExecutionException | TimeoutException e) {
      throw new IllegalStateException(e);
    }
  }
}
