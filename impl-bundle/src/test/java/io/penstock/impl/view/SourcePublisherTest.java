// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.view;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.pipe.Pipe;
import io.penstock.pipe.PipeOptions;
import io.penstock.standalone.Penstock;
import io.penstock.stream.ByteSource;
import java.io.IOException;
import java.lang.ref.WeakReference;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Flow;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

/** What a cancelled subscription leaves behind. */
class SourcePublisherTest {
  /** Asks for one piece, and keeps what it gets. */
  private static class One implements Flow.Subscriber<ByteBuffer> {
    final List<ByteBuffer> pieces = new ArrayList<>();
    private Flow.Subscription subscription;

    @Override
    public void onSubscribe(Flow.Subscription to) {
      subscription = to;
      to.request(1);
    }

    @Override
    public void onNext(ByteBuffer piece) {
      pieces.add(piece);
    }

    @Override
    public void onError(Throwable cause) {
      throw new AssertionError(cause);
    }

    @Override
    public void onComplete() {
      throw new AssertionError("there is no end");
    }
  }

  @Test
  void pieceThatWasTakenDuringTheCancelGoesBack() {
    One subscriber = new One();
    List<ByteBuffer> back = new ArrayList<>();
    ByteBuffer piece = ByteBuffer.wrap(new byte[] {1, 2, 3});
    ByteSource source =
        (ByteSource)
            Proxy.newProxyInstance(
                ByteSource.class.getClassLoader(),
                new Class<?>[] {ByteSource.class},
                (proxy, method, arguments) -> {
                  assertEquals("take", method.getName());
                  subscriber.subscription.cancel();
                  return piece;
                });
    new SourcePublisher(source, back::add, Runnable::run, Runnable::run).subscribe(subscriber);
    assertEquals(List.of(piece), back);
    assertEquals(List.of(), subscriber.pieces);
  }

  /** Notes what it is told of, and asks for as many pieces as it is made with. */
  private static final class Noting implements Flow.Subscriber<ByteBuffer> {
    final List<Object> told = new ArrayList<>();
    private final int asks;
    private Flow.Subscription subscription;

    Noting(int asks) {
      this.asks = asks;
    }

    @Override
    public void onSubscribe(Flow.Subscription to) {
      subscription = to;
      if (asks > 0) {
        to.request(asks);
      }
    }

    @Override
    public void onNext(ByteBuffer piece) {
      told.add(piece);
    }

    @Override
    public void onError(Throwable cause) {
      told.add(cause);
    }

    @Override
    public void onComplete() {
      told.add("complete");
    }
  }

  /** What a subscriber is told of whose source is at its end, or fails. */
  private static List<Object> told(boolean demand, IOException failure, boolean cancels) {
    Noting noting = new Noting(demand ? 1 : 0);
    ByteSource source =
        (ByteSource)
            Proxy.newProxyInstance(
                ByteSource.class.getClassLoader(),
                new Class<?>[] {ByteSource.class},
                (proxy, method, arguments) -> {
                  assertEquals(demand ? "take" : "consume", method.getName());
                  if (cancels) {
                    noting.subscription.cancel();
                  }
                  if (failure != null) {
                    throw failure;
                  }
                  return demand ? null : -1;
                });
    new SourcePublisher(source, piece -> {}, Runnable::run, Runnable::run).subscribe(noting);
    return noting.told;
  }

  @Test
  void cancelledSubscriptionsLeaveOneWaiterAtTheMost() {
    ByteSource source =
        (ByteSource)
            Proxy.newProxyInstance(
                ByteSource.class.getClassLoader(),
                new Class<?>[] {ByteSource.class},
                (proxy, method, arguments) -> ByteBuffer.allocate(0));
    List<Runnable> waiters = new ArrayList<>();
    SourcePublisher publisher =
        new SourcePublisher(source, piece -> {}, waiters::add, Runnable::run);
    for (int i = 0; i < 500; i++) {
      Noting noting = new Noting(1);
      publisher.subscribe(noting);
      noting.subscription.cancel();
    }
    assertEquals(1, waiters.size());
    Noting last = new Noting(1);
    publisher.subscribe(last);
    waiters.remove(0).run();
    assertEquals(1, waiters.size(), "the last one is looked after");
  }

  @Test
  void endOrFailureThatWasSeenDuringTheCancelIsNotTold() {
    IOException failure = new IOException("lost");
    for (boolean demand : new boolean[] {false, true}) {
      assertEquals(List.of("complete"), told(demand, null, false));
      assertEquals(List.of(failure), told(demand, failure, false));
      assertEquals(List.of(), told(demand, null, true));
      assertEquals(List.of(), told(demand, failure, true));
    }
  }

  @Test
  void demandThatIsMoreThanCanBeCountedHasNoLimit() {
    AtomicInteger left = new AtomicInteger(3);
    One subscriber =
        new One() {
          @Override
          public void onSubscribe(Flow.Subscription to) {
            // Together one more than a long can hold, twice over.
            to.request(Long.MAX_VALUE);
            to.request(Long.MAX_VALUE);
            to.request(2);
          }
        };
    ByteSource source =
        (ByteSource)
            Proxy.newProxyInstance(
                ByteSource.class.getClassLoader(),
                new Class<?>[] {ByteSource.class},
                (proxy, method, arguments) -> {
                  assertEquals("take", method.getName());
                  return ByteBuffer.allocate(left.getAndDecrement() > 0 ? 1 : 0);
                });
    new SourcePublisher(source, back -> {}, task -> {}, Runnable::run).subscribe(subscriber);
    assertEquals(3, subscriber.pieces.size());
  }

  @Test
  void cancelledSubscriberIsLetGoWhileItsSourceIsIdle() throws Exception {
    try (Penstock penstock = Penstock.open();
        Pipe pipe = penstock.pipes().create(PipeOptions.defaults())) {
      WeakReference<One> reference = subscribedAndCancelled(pipe);
      long deadline = System.nanoTime() + Duration.ofSeconds(20).toNanos();
      while (reference.get() != null) {
        assertTrue(System.nanoTime() - deadline < 0, "a cancelled subscriber is still held");
        System.gc();
        LockSupport.parkNanos(1_000_000);
      }
      assertTrue(pipe.source().isOpen());
    }
  }

  private static WeakReference<One> subscribedAndCancelled(Pipe pipe) {
    One subscriber = new One();
    pipe.source().publisher().subscribe(subscriber);
    // Give the publisher the time to find nothing and wait for something.
    LockSupport.parkNanos(20_000_000);
    subscriber.subscription.cancel();
    return new WeakReference<>(subscriber);
  }
}
