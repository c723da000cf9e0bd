// SPDX-License-Identifier: Apache-2.0
package io.penstock.testing.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.error.StreamClosedException;
import io.penstock.stream.ByteSubscriber;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Flow;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/** An end as one side of {@code java.util.concurrent.Flow}. */
abstract class FlowCases extends ViewCases {
  /** Collects what a publisher sends, and asks for as much as a case says. */
  private static final class Collector implements Flow.Subscriber<ByteBuffer> {
    private final CompletableFuture<Flow.Subscription> subscribed = new CompletableFuture<>();
    private final BlockingQueue<ByteBuffer> pieces = new LinkedBlockingQueue<>();
    private final CompletableFuture<Void> over = new CompletableFuture<>();
    private final AtomicBoolean inside = new AtomicBoolean();

    @Override
    public void onSubscribe(Flow.Subscription subscription) {
      subscribed.complete(subscription);
    }

    @Override
    public void onNext(ByteBuffer piece) {
      if (!inside.compareAndSet(false, true)) {
        over.completeExceptionally(new AssertionError("two signals at once"));
      }
      pieces.add(piece);
      inside.set(false);
    }

    @Override
    public void onError(Throwable cause) {
      over.completeExceptionally(cause);
    }

    @Override
    public void onComplete() {
      over.complete(null);
    }

    Collector request(long n) throws Exception {
      subscription().request(n);
      return this;
    }

    Flow.Subscription subscription() throws Exception {
      return subscribed.get(Task.LIMIT.toNanos(), TimeUnit.NANOSECONDS);
    }

    /** Returns when so many bytes have come, as text. */
    String text(int count) throws Exception {
      StringBuilder text = new StringBuilder();
      while (text.length() < count) {
        ByteBuffer piece = pieces.poll(Task.LIMIT.toNanos(), TimeUnit.NANOSECONDS);
        assertTrue(piece != null, () -> "only '" + text + "' came; over: " + over);
        assertTrue(piece.hasRemaining(), "an empty piece says nothing");
        text.append(StandardCharsets.UTF_8.decode(piece));
      }
      return text.toString();
    }

    void complete() throws Exception {
      over.get(Task.LIMIT.toNanos(), TimeUnit.NANOSECONDS);
    }

    Throwable failure() throws Exception {
      return failureOf(over);
    }
  }

  private static Throwable failureOf(CompletableFuture<?> future) throws Exception {
    Throwable thrown =
        assertThrows(
            ExecutionException.class, () -> future.get(Task.LIMIT.toNanos(), TimeUnit.NANOSECONDS));
    Throwable cause = thrown.getCause();
    return cause == null ? thrown : cause;
  }

  private Collector subscribe() {
    Collector collector = new Collector();
    source().publisher().subscribe(collector);
    return collector;
  }

  @Case
  void publisherDeliversWhatComesAndThenTheEnd() throws Exception {
    send("abc");
    Collector collector = subscribe().request(Long.MAX_VALUE).request(Long.MAX_VALUE);
    assertEquals("abc", collector.text(3));
    send("def");
    assertEquals("def", collector.text(3));
    assertFalse(collector.over.isDone());
    send("ghi");
    sink().end();
    assertEquals("ghi", collector.text(3));
    collector.complete();
    assertSame(source().publisher(), source().publisher());
  }

  @Case
  void publisherDeliversNoMoreThanWasRequestedAndCancelLeavesTheRest() throws Exception {
    Collector collector = subscribe();
    send("a");
    source().awaitReadable(Wait.upTo(LONG));
    assertTrue(collector.pieces.isEmpty(), "nothing was requested");
    collector.request(2);
    assertEquals("a", collector.text(1));
    send("b");
    assertEquals("b", collector.text(1));
    send("cde");
    source().awaitReadable(Wait.upTo(LONG));
    collector.subscription().cancel();
    collector.subscription().cancel();
    collector.request(5);
    assertEquals("cde", receive(3));
    assertTrue(collector.pieces.isEmpty(), "two were requested");
    sink().end();
    assertEnd();
    assertFalse(collector.over.isDone());
  }

  @Case
  void publisherMovesMuchWithoutAThreadOfItsOwn() throws Exception {
    int size = 1_000_000;
    Collector collector = subscribe();
    Task<Void> writer =
        asyncRun(
            () -> {
              sink().writeFully(bytes(size), Wait.upTo(LONG));
              sink().end();
            });
    long at = 0;
    while (at < size) {
      collector.request(1);
      ByteBuffer piece = collector.pieces.poll(Task.LIMIT.toNanos(), TimeUnit.NANOSECONDS);
      assertTrue(piece != null, "it stopped after " + at);
      assertTrue(collector.pieces.isEmpty(), "one at a time was requested");
      while (piece.hasRemaining()) {
        assertEquals(patternAt(at), piece.get());
        at++;
      }
    }
    collector.complete();
    writer.get();
  }

  @Case
  void publisherTellsTheEndToWhoHasRequestedNothing() throws Exception {
    Collector waiting = subscribe();
    sink().end();
    waiting.complete();
    subscribe().complete();
  }

  @Case(needs = Trait.ABORT_SEEN)
  void publisherTellsAFailureAsItsError() throws Exception {
    Collector collector = subscribe().request(1000);
    IOException cause = new IOException("cut on purpose");
    subject().abort(cause);
    assertTrue(collector.failure() instanceof IOException);
  }

  @Case
  void publisherTellsALocalCloseAsItsError() throws Exception {
    Collector collector = subscribe();
    source().close();
    assertTrue(collector.failure() instanceof StreamClosedException);
    assertTrue(subscribe().failure() instanceof StreamClosedException);
  }

  @Case
  void publisherHasOneSubscriberAtATime() throws Exception {
    Collector first = subscribe();
    Collector second = subscribe();
    assertTrue(second.failure() instanceof IllegalStateException);
    second.request(1);
    first.subscription().cancel();
    Collector third = subscribe().request(1);
    send("a");
    assertEquals("a", third.text(1));
    assertTrue(first.pieces.isEmpty() && second.pieces.isEmpty());
    assertThrows(NullPointerException.class, () -> source().publisher().subscribe(null));
  }

  @Case
  void requestOfNothingIsAnError() throws Exception {
    for (long wrong : new long[] {0, -1, Long.MIN_VALUE}) {
      assertTrue(subscribe().request(wrong).failure() instanceof IllegalArgumentException);
    }
    send("a");
    assertEquals("a", receive(1));
  }

  /** Counts what a subscriber asks for. */
  private static final class Demand implements Flow.Subscription {
    private final AtomicLong requested = new AtomicLong();
    private final AtomicBoolean cancelled = new AtomicBoolean();

    @Override
    public void request(long n) {
      assertTrue(n > 0);
      requested.addAndGet(n);
    }

    @Override
    public void cancel() {
      cancelled.set(true);
    }
  }

  @Case(needs = Trait.BOUNDED)
  void subscriberRequestsAsRoomComes() throws Exception {
    long filled = fill();
    ByteSubscriber subscriber = sink().subscriber();
    Demand demand = new Demand();
    subscriber.onSubscribe(demand);
    long first = demand.requested.get();
    assertTrue(first > 0 && first < 100, () -> first + " were requested");
    for (int i = 0; i < first; i++) {
      subscriber.onNext(bytes("abc"));
    }
    assertEquals(first, demand.requested.get(), "there is no room");
    receivePattern(0, filled);
    assertEquals("abc".repeat((int) first), receive(3 * (int) first));
    assertSoon(() -> demand.requested.get() == 2 * first);
    assertFalse(demand.cancelled.get());
  }

  @Case
  void subscriberEndsTheSinkWhenComplete() throws Exception {
    ByteSubscriber subscriber = sink().subscriber();
    subscriber.onSubscribe(new Demand());
    subscriber.onNext(bytes("abc"));
    subscriber.onNext(bytes("def"));
    subscriber.onComplete();
    assertEquals("abcdef", receiveAll());
    assertNull(
        subscriber.done().toCompletableFuture().get(Task.LIMIT.toNanos(), TimeUnit.NANOSECONDS));
    assertTrue(sink().ended());
  }

  @Case(needs = Trait.ABORT_SEEN)
  void subscriberErrorIsAFailureAndNeverAnEnd() throws Exception {
    ByteSubscriber subscriber = sink().subscriber();
    subscriber.onSubscribe(new Demand());
    subscriber.onNext(bytes("abc"));
    IOException cause = new IOException("the publisher failed on purpose");
    subscriber.onError(cause);
    assertSame(cause, failureOf(subscriber.done().toCompletableFuture()));
    ByteBuffer dst = room(9);
    assertThrows(
        IOException.class,
        () -> {
          while (source().read(dst, Wait.upTo(LONG)) >= 0) {
            assertTrue(dst.hasRemaining());
          }
        });
  }

  @Case
  void subscriberCancelsWhenItsSinkIsClosed() throws Exception {
    ByteSubscriber subscriber = sink().subscriber();
    Demand demand = new Demand();
    subscriber.onSubscribe(demand);
    sink().close();
    assertTrue(failureOf(subscriber.done().toCompletableFuture()) instanceof StreamClosedException);
    assertSoon(demand.cancelled::get);
    Demand late = new Demand();
    subscriber.onSubscribe(late);
    assertTrue(late.cancelled.get(), "one subscription");
    subscriber.onNext(bytes("x"));
    subscriber.onComplete();
    subscriber.onError(new IOException("after all was over"));
  }

  @Case(needs = Trait.CLOSE_BREAKS_WRITER)
  void subscriberCancelsWhenNobodyReadsAnyMore() throws Exception {
    ByteSubscriber subscriber = sink().subscriber();
    Demand demand = new Demand();
    subscriber.onSubscribe(demand);
    source().close();
    assertSoon(
        () -> {
          subscriber.onNext(bytes("x"));
          return demand.cancelled.get();
        });
    assertTrue(failureOf(subscriber.done().toCompletableFuture()) instanceof IOException);
  }

  @Case
  void subscriberRefusesNull() {
    ByteSubscriber subscriber = sink().subscriber();
    assertThrows(NullPointerException.class, () -> subscriber.onSubscribe(null));
    subscriber.onSubscribe(new Demand());
    assertThrows(NullPointerException.class, () -> subscriber.onNext(null));
    assertThrows(NullPointerException.class, () -> subscriber.onError(null));
  }

  @Case
  void publisherAndSubscriberJoinTwoStreams() throws Exception {
    int size = 500_000;
    try (Subject other = kind().open()) {
      ByteSubscriber subscriber = other.sink().subscriber();
      source().publisher().subscribe(subscriber);
      Task<Void> writer =
          asyncRun(
              () -> {
                sink().writeFully(bytes(size), Wait.upTo(LONG));
                sink().end();
              });
      ByteBuffer joined = room(size);
      other.source().readFully(joined, Wait.upTo(LONG));
      assertEquals(bytes(size), joined.flip());
      assertEquals(-1, other.source().read(room(1), Wait.upTo(LONG)));
      subscriber.done().toCompletableFuture().get(Task.LIMIT.toNanos(), TimeUnit.NANOSECONDS);
      writer.get();
    }
  }
}
