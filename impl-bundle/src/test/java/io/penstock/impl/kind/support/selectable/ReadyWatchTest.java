// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.support.selectable;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.impl.kind.Peers;
import io.penstock.impl.kind.tcp.TcpProvider;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Pipe;
import java.nio.channels.SelectionKey;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A task is called as long as it has not enough, and the product can wait. */
class ReadyWatchTest {
  private final Peers peers = new Peers(new TcpProvider());
  private final AtomicInteger calls = new AtomicInteger();
  private final AtomicInteger bytes = new AtomicInteger();
  private final CountDownLatch over = new CountDownLatch(1);
  private final CountDownLatch stopped = new CountDownLatch(1);
  private Pipe pipe;

  @BeforeEach
  void open() throws IOException {
    pipe = Pipe.open();
    pipe.source().configureBlocking(false);
  }

  @AfterEach
  void close() throws IOException {
    pipe.sink().close();
    pipe.source().close();
    peers.close();
  }

  private final class Reading implements ReadyWatch.Task {
    @Override
    public int run() {
      calls.incrementAndGet();
      try {
        int n = pipe.source().read(ByteBuffer.allocate(1));
        bytes.addAndGet(Math.max(0, n));
        if (n < 0) {
          over.countDown();
        }
        return n;
      } catch (IOException e) {
        over.countDown();
        return -1;
      }
    }

    @Override
    public void stopped() {
      stopped.countDown();
    }
  }

  private void watch() throws IOException {
    ReadyWatch.start(peers.context("watched"), pipe.source(), SelectionKey.OP_READ, new Reading());
  }

  @Test
  void itIsCalledUntilItHasEnough() throws Exception {
    watch();
    for (int i = 1; i <= 100; i++) {
      int sent = i;
      assertEquals(1, pipe.sink().write(ByteBuffer.allocate(1)));
      Peers.eventually("it was read", () -> bytes.get() == sent);
    }
    assertEquals(100, calls.get(), "it was called for nothing");
    pipe.sink().close();
    assertTrue(over.await(20, TimeUnit.SECONDS));
    assertEquals(1, stopped.getCount());
  }

  @Test
  void aCloseOfTheChannelIsSeen() throws Exception {
    watch();
    pipe.source().close();
    peers.context("watched").forgetClosed();
    assertTrue(over.await(20, TimeUnit.SECONDS));
  }

  /** A selector that is closed waits for nothing, so that the task would be called for ever. */
  @Test
  void aStopOfTheProductEndsIt() throws Exception {
    watch();
    assertEquals(1, pipe.sink().write(ByteBuffer.allocate(1)));
    Peers.eventually("it was read", () -> bytes.get() == 1);
    peers.close();
    assertTrue(stopped.await(20, TimeUnit.SECONDS));
    int before = calls.get();
    assertTrue(before <= 3, "it was called for nothing");
    watch();
    assertEquals(before + 1, calls.get());
  }

  /** Such as the bytes of a child that writes on and on. */
  @Test
  void aStopOfTheProductEndsATaskThatAlwaysHasWork() throws Exception {
    ReadyWatch.Task busy =
        new ReadyWatch.Task() {
          @Override
          public int run() {
            calls.incrementAndGet();
            return 1;
          }

          @Override
          public void stopped() {
            stopped.countDown();
          }
        };
    assertEquals(1, pipe.sink().write(ByteBuffer.allocate(1)));
    ReadyWatch.start(peers.context("watched"), pipe.source(), SelectionKey.OP_READ, busy);
    Peers.eventually("it is called on and on", () -> calls.get() > 1000);
    peers.close();
    assertTrue(stopped.await(20, TimeUnit.SECONDS));
    int before = calls.get();
    ReadyWatch.start(peers.context("watched"), pipe.source(), SelectionKey.OP_READ, busy);
    assertTrue(calls.get() - before <= 64, "one that begins after the stop");
  }

  @Test
  void aTaskThatFailsIsCalledAgain() throws Exception {
    Reading reading = new Reading();
    ReadyWatch.start(
        peers.context("watched"),
        pipe.source(),
        SelectionKey.OP_READ,
        () -> {
          if (calls.incrementAndGet() == 1) {
            throw new IllegalStateException("thrown on purpose");
          }
          return reading.run();
        });
    assertEquals(1, pipe.sink().write(ByteBuffer.allocate(1)));
    Peers.eventually("it was read", () -> bytes.get() == 1);
  }
}
