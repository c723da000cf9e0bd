// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.serve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.impl.core.SinkEnd;
import io.penstock.impl.engine.Engine;
import io.penstock.poller.Registration;
import io.penstock.spi.SinkDriver;
import io.penstock.stream.Framing;
import io.penstock.stream.Wait;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ClientTest {
  private final Engine engine = new Engine();
  private final CountDownLatch closing = new CountDownLatch(1);
  private final CountDownLatch writing = new CountDownLatch(1);
  private final Thread writer = Thread.currentThread();
  private final Slow driver = new Slow();
  private final SinkEnd sink = new SinkEnd("sink", engine, Wait.forever(), driver);
  private final Client client =
      new Client(
          engine,
          stub(Channel.class),
          null,
          stub(Registration.class),
          Framing.lines(100),
          Framing.lines(100),
          new Spare(),
          null,
          () -> {});
  private final Thread closer = new Thread(client::close, "closer");

  @AfterEach
  void close() {
    engine.close();
  }

  private <T> T stub(Class<T> type) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (proxy, method, args) ->
                switch (method.getName()) {
                  case "sink" -> sink();
                  case "name", "toString" -> "stub";
                  case "closeAsync" -> CompletableFuture.completedFuture(null);
                  case "pause" -> proxy;
                  default -> throw new AssertionError(method);
                }));
  }

  private static boolean isBlocked(Thread thread) {
    return Set.of(Thread.State.WAITING, Thread.State.TERMINATED).contains(thread.getState());
  }

  private SinkEnd sink() throws InterruptedException {
    if (Thread.currentThread() == closer) {
      // It has come this far when the writer begins, and goes on while the writer is at work.
      closing.countDown();
      while (!isBlocked(writer) && !writing.await(1, TimeUnit.MILLISECONDS)) {
        assertTrue(writer.isAlive(), "the test is over");
      }
    }
    return sink;
  }

  /** Takes one byte at first, while another thread closes. */
  private final class Slow implements SinkDriver {
    private final StringBuffer taken = new StringBuffer();
    private final CountDownLatch ended = new CountDownLatch(1);
    private int writes;

    @Override
    public int write(ByteBuffer src) {
      switch (writes++) {
        case 0 -> {
          taken.append((char) src.get());
          writing.countDown();
          long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
          while (!isBlocked(closer) && System.nanoTime() < end) {
            LockSupport.parkNanos(100_000);
          }
          return 1;
        }
        case 1 -> {
          return 0;
        }
        default -> {
          int n = src.remaining();
          while (src.hasRemaining()) {
            taken.append((char) src.get());
          }
          return n;
        }
      }
    }

    @Override
    public void end() {
      ended.countDown();
    }

    @Override
    public boolean ready() {
      return true;
    }

    @Override
    public void onReady(Runnable ready) {}

    @Override
    public void close() {}
  }

  @Test
  void aCloseBesideAReplyDoesNotCutIt() throws Exception {
    closer.start();
    assertTrue(closing.await(20, TimeUnit.SECONDS));
    CompletableFuture<@Nullable Void> told = client.reply("abcdef").toCompletableFuture();
    assertNull(told.get(20, TimeUnit.SECONDS));
    assertTrue(driver.ended.await(20, TimeUnit.SECONDS));
    assertEquals("abcdef\n", driver.taken.toString());
    closer.join();
  }
}
