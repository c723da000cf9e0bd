// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.relay;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.ChannelPair;
import io.penstock.channel.Endpoint;
import io.penstock.error.StreamTimeoutException;
import io.penstock.relay.Relay;
import io.penstock.relay.RelayException;
import io.penstock.relay.RelayObserver;
import io.penstock.relay.RelayOptions;
import io.penstock.spi.ChannelDriver;
import io.penstock.spi.ChannelProvider;
import io.penstock.spi.ProviderContext;
import io.penstock.standalone.Penstock;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What a relay allows a connection: time, and speed. */
class RelayLimitsTest {
  private static final Wait SOON = Wait.upTo(Duration.ofSeconds(20));
  private static final ChannelOptions PLAIN = ChannelOptions.defaults();

  private final Penstock penstock = Penstock.open();

  @AfterEach
  void close() {
    penstock.close();
  }

  // ---- time

  private static void echo(Channel client, int value) throws IOException {
    client.sink().writeFully(ByteBuffer.wrap(new byte[] {(byte) value}), SOON);
    ByteBuffer back = ByteBuffer.allocate(1);
    client.source().readFully(back, SOON);
    assertEquals(value, back.get(0));
  }

  /** However busy it is; and nobody else is. */
  @Test
  void aConnectionThatLastsTooLongFailsAndTheOthersGoOn() throws Exception {
    LinkedBlockingQueue<RelayException> failures = new LinkedBlockingQueue<>();
    RelayOptions options =
        RelayOptions.defaults()
            .withFork(true)
            .withIdle(Wait.upTo(Duration.ofSeconds(10)))
            .withTotal(Wait.upTo(Duration.ofMillis(2500)))
            .withObserver(
                new RelayObserver() {
                  @Override
                  public void parted(@Nullable Channel from, @Nullable RelayException failure) {
                    if (failure != null) {
                      failures.add(failure);
                    }
                  }
                });
    Relay relay =
        penstock
            .relays()
            .create(Endpoint.parse("mem-listen:limits"), Endpoint.parse("echo:"), options);
    relay.start();
    Channel busy = connect();
    long begun = System.nanoTime();
    assertThrows(
        IOException.class,
        () -> {
          for (int i = 0; i < 10_000; i++) {
            echo(busy, i & 0x7f);
            LockSupport.parkNanos(2_000_000);
          }
        });
    assertTrue(System.nanoTime() - begun >= TimeUnit.MILLISECONDS.toNanos(2300), "too early");
    RelayException why = Objects.requireNonNull(failures.poll(20, TimeUnit.SECONDS));
    assertInstanceOf(StreamTimeoutException.class, why.getCause());
    assertTrue(
        why.getMessage().contains("took too long: the connection may last 2500 ms"),
        why::getMessage);
    Channel later = connect();
    echo(later, 7);
    later.sink().end();
    assertEquals(0, later.source().readAll(1, SOON).remaining(), "ends as a whole");
    assertEquals(0, failures.size());
    assertTrue(relay.forwarded() > 1 && relay.returned() > 1);
    assertTrue(why.count() > 2, why::getMessage);
    Channel last = connect();
    echo(last, 9);
    why = Objects.requireNonNull(failures.poll(20, TimeUnit.SECONDS));
    assertEquals(2, why.count(), "its own bytes, and nobody else's");
    last.close();
  }

  /** Whose other side is still being opened has not failed when the relay is closed. */
  @Test
  void aCloseIsNoFailureOfThoseWhoWaitForTheOtherSide() throws Exception {
    LinkedBlockingQueue<String> told = new LinkedBlockingQueue<>();
    CountDownLatch asked = new CountDownLatch(1);
    CompletableFuture<ChannelDriver> never = new CompletableFuture<>();
    ChannelProvider slow =
        new ChannelProvider() {
          @Override
          public Set<String> schemes() {
            return Set.of("slow");
          }

          @Override
          public CompletionStage<? extends ChannelDriver> connect(
              Endpoint endpoint, ChannelOptions options, ProviderContext context) {
            asked.countDown();
            return never;
          }
        };
    penstock.provide(slow);
    RelayOptions options =
        RelayOptions.defaults()
            .withFork(true)
            .withObserver(
                new RelayObserver() {
                  @Override
                  public void parted(@Nullable Channel from, @Nullable RelayException failure) {
                    told.add("parted: " + failure);
                  }
                });
    Relay relay =
        penstock
            .relays()
            .create(Endpoint.parse("mem-listen:limits"), Endpoint.parse("slow:peer"), options);
    relay.start();
    Channel client = connect();
    assertTrue(asked.await(20, TimeUnit.SECONDS));
    relay.close();
    assertThrows(IOException.class, () -> client.source().readFully(ByteBuffer.allocate(1), SOON));
    never.completeExceptionally(new IOException("too late"));
    assertTrue(relay.completed().toCompletableFuture().isDone());
    assertNull(told.poll(200, TimeUnit.MILLISECONDS));
  }

  private Channel connect() throws IOException {
    return penstock.channels().open(Endpoint.parse("mem:limits"), ChannelOptions.defaults(), SOON);
  }

  @Test
  void limitsAreDurations() {
    RelayOptions options = RelayOptions.defaults();
    assertEquals(Wait.forever(), options.total());
    assertEquals(SOON, options.withTotal(SOON).withLinger(Wait.forever()).total());
    assertEquals(Wait.forever(), options.withTotal(SOON).idle());
    assertThrows(IllegalArgumentException.class, () -> options.withTotal(Wait.none()));
    assertThrows(IllegalArgumentException.class, () -> options.withTotal(Wait.until(0)));
  }

  @Test
  void channelsThatAreThereAreForOneConnection() throws Exception {
    ChannelPair one = penstock.channels().pair(PLAIN);
    ChannelPair two = penstock.channels().pair(PLAIN);
    RelayOptions options = RelayOptions.defaults();
    IllegalArgumentException refused =
        assertThrows(
            IllegalArgumentException.class,
            () -> penstock.relays().create(one.right(), two.left(), options.withFork(true)));
    assertTrue(refused.getMessage().contains("fork needs a FROM that listens"), refused::toString);
    // They are still the caller's.
    one.left().sink().writeFully("x", SOON);
    assertEquals(1, one.right().source().read(ByteBuffer.allocate(2), SOON));
  }

  // ---- bytes

  /** A relay between two channels, and their other ends. */
  private final class Line implements AutoCloseable {
    private final ChannelPair left = penstock.channels().pair(PLAIN);
    private final ChannelPair right = penstock.channels().pair(PLAIN);
    private final Relay relay;
    private CompletionStage<Void> sent = CompletableFuture.completedStage(null);
    private long begun;

    Line(RelayOptions options) {
      relay = penstock.relays().create(left.right(), right.left(), options);
      relay.start();
    }

    /** Never waits: more than there is room for goes later. */
    void send(int bytes) {
      begun = System.nanoTime();
      sent = left.left().sink().writeAsync(ByteBuffer.allocate(bytes));
    }

    /** Returns how many milliseconds after they were sent so many bytes have come. */
    double receive(int bytes) throws IOException {
      right.right().source().readFully(ByteBuffer.allocate(bytes), SOON);
      return (System.nanoTime() - begun) / 1e6;
    }

    @Override
    public void close() throws IOException {
      sent.toCompletableFuture().orTimeout(20, TimeUnit.SECONDS).join();
      left.left().close();
      right.right().source().close();
      right.right().close();
      try {
        relay.completed().toCompletableFuture().orTimeout(20, TimeUnit.SECONDS).join();
      } catch (CompletionException cut) {
        // Bytes that were still on their way.
        assertInstanceOf(RelayException.class, cut.getCause());
      }
    }
  }

  @Test
  void bytesAreCountedEachWay() throws Exception {
    Line line = new Line(RelayOptions.defaults());
    line.send(123_456);
    line.receive(123_456);
    line.right.right().sink().writeFully(ByteBuffer.allocate(789), SOON);
    line.right.right().sink().end();
    line.left.left().source().readFully(ByteBuffer.allocate(789), SOON);
    line.left.left().sink().end();
    line.relay.completed().toCompletableFuture().get(20, TimeUnit.SECONDS);
    assertEquals(123_456, line.relay.forwarded());
    assertEquals(789, line.relay.returned());
    line.close();
  }

  /** Never faster; and not slower unless the machine is busy. */
  @Test
  void theSpeedIsWhatItIsLimitedTo() throws Exception {
    int rate = 1_000_000;
    double best = Double.MAX_VALUE;
    for (int i = 0; i < 6 && best > 3000; i++) {
      try (Line line = new Line(RelayOptions.defaults().withRate(rate))) {
        line.send(rate * 3 / 2);
        double took = line.receive(rate * 3 / 2);
        assertTrue(took >= 1350, "1500 ms worth of bytes came in " + took + " ms");
        best = Math.min(best, took);
      }
    }
    assertTrue(best <= 3000, "1500 ms worth of bytes took " + best + " ms");
  }

  /** A pause earns nothing, and one read does not take a second's worth. */
  @Test
  void afterAPauseThereIsNoBurst() throws Exception {
    int rate = 200_000;
    try (Line line = new Line(RelayOptions.defaults().withRate(rate))) {
      line.send(10_000);
      line.receive(10_000);
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1500));
      line.send(rate);
      double took = line.receive(rate / 2);
      assertTrue(took >= 300, "500 ms worth of bytes came in " + took + " ms after a pause");
      took = line.receive(rate / 2);
      assertTrue(took >= 800, "1000 ms worth of bytes came in " + took + " ms after a pause");
    }
  }

  @Test
  void aByteASecondIsPossible() throws Exception {
    try (Line line = new Line(RelayOptions.defaults().withRate(10))) {
      line.send(4);
      double took = line.receive(4);
      assertTrue(took >= 190, "4 bytes at 10 a second came in " + took + " ms");
    }
  }
}
