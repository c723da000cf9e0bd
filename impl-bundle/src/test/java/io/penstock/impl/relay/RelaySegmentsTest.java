// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.relay;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.penstock.channel.ChannelOptions;
import io.penstock.channel.ChannelPair;
import io.penstock.relay.Relay;
import io.penstock.relay.RelayException;
import io.penstock.relay.RelayOptions;
import io.penstock.standalone.Penstock;
import io.penstock.stream.ByteSink;
import io.penstock.stream.ByteSource;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What a relay moves between two channels in memory, and what it copies. */
class RelaySegmentsTest {
  private static final Wait SOON = Wait.upTo(Duration.ofSeconds(20));

  private final Penstock penstock = Penstock.open();
  private final ChannelPair left = penstock.channels().pair(ChannelOptions.defaults());
  private final ChannelPair right = penstock.channels().pair(ChannelOptions.defaults());
  private final ByteSink in = left.left().sink();
  private final ByteSource out = right.right().source();

  @AfterEach
  void close() {
    penstock.close();
  }

  private Relay relay(RelayOptions options) {
    Relay relay = penstock.relays().create(left.right(), right.left(), options);
    relay.start();
    return relay;
  }

  private static byte[] random(int size) {
    byte[] bytes = new byte[size];
    new Random(size).nextBytes(bytes);
    return bytes;
  }

  private byte[] receive(int size) throws IOException {
    byte[] bytes = new byte[size];
    out.readFully(ByteBuffer.wrap(bytes), SOON);
    return bytes;
  }

  private ByteBuffer take() throws IOException {
    ByteBuffer taken = out.take(1 << 20, SOON);
    assertNotNull(taken);
    return taken;
  }

  @Test
  void aSegmentIsHandedOnAsItIs() throws Exception {
    relay(RelayOptions.defaults());
    byte[] bytes = random(1000);
    in.give(ByteBuffer.wrap(bytes), SOON);
    ByteBuffer taken = take();
    assertSame(bytes, taken.array());
    assertEquals(1000, taken.remaining());
    in.writeFully(ByteBuffer.wrap(bytes), SOON);
    assertNotSame(bytes, take().array());
  }

  @Test
  void whatTheSinkHasNoRoomForWaits() throws Exception {
    Relay relay = relay(RelayOptions.defaults());
    byte[] each = random(50_000);
    CompletionStage<Void> sent = CompletableFuture.completedStage(null);
    for (int i = 0; i < 20; i++) {
      ByteBuffer part = ByteBuffer.wrap(each);
      sent = sent.thenCompose(done -> in.writeAsync(part));
    }
    for (int i = 0; i < 20; i++) {
      assertArrayEquals(each, receive(each.length));
    }
    sent.toCompletableFuture().get(20, TimeUnit.SECONDS);
    for (int i = 0; i < 20; i++) {
      in.give(ByteBuffer.wrap(each), SOON);
      if (i % 3 == 2) {
        for (int j = 0; j < 3; j++) {
          assertArrayEquals(each, receive(each.length));
        }
      }
    }
    assertArrayEquals(each, receive(each.length));
    assertArrayEquals(each, receive(each.length));
    in.end();
    assertEquals(-1, out.read(ByteBuffer.allocate(1), SOON));
    right.right().sink().end();
    relay.completed().toCompletableFuture().get(20, TimeUnit.SECONDS);
    assertEquals(2_000_000, relay.forwarded());
  }

  @Test
  void givenAndWrittenBytesKeepTheirOrder() throws Exception {
    relay(RelayOptions.defaults());
    byte[] all = random(300_000);
    CompletableFuture<Void> sent =
        CompletableFuture.runAsync(
            () -> {
              Random random = new Random(1);
              int at = 0;
              try {
                while (at < all.length) {
                  int n = Math.min(all.length - at, 1 + random.nextInt(5000));
                  ByteBuffer part = ByteBuffer.wrap(all, at, n).slice();
                  if (random.nextBoolean()) {
                    in.give(part, SOON);
                  } else {
                    in.writeFully(part, SOON);
                  }
                  at += n;
                }
              } catch (IOException e) {
                throw new IllegalStateException(e);
              }
            });
    assertArrayEquals(all, receive(all.length));
    sent.get(20, TimeUnit.SECONDS);
  }

  @Test
  void aLimitedSpeedHoldsForSegments() throws Exception {
    relay(RelayOptions.defaults().withRate(100_000));
    long begun = System.nanoTime();
    in.give(ByteBuffer.wrap(random(30_000)), SOON);
    receive(30_000);
    assertEquals(true, System.nanoTime() - begun >= TimeUnit.MILLISECONDS.toNanos(150));
  }

  @Test
  void aFailureOfTheSinkIsNotTheSources() throws Exception {
    Relay relay = relay(RelayOptions.defaults());
    out.close();
    in.writeFully(ByteBuffer.wrap(random(10)), SOON);
    ExecutionException cut =
        assertThrows(
            ExecutionException.class,
            () -> relay.completed().toCompletableFuture().get(20, TimeUnit.SECONDS));
    assertEquals(right.left().endpoint(), ((RelayException) cut.getCause()).endpoint());
  }
}
