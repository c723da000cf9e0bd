// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.view;

import io.penstock.spi.Messages;
import io.penstock.stream.ByteSource;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.Flow;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A source as a publisher. No thread waits for data: the source says when a try is worth it, and
 * the try is made on the executor, which runs one task at a time, so that the last try of a
 * cancelled subscription is over before the first one of the next.
 */
public final class SourcePublisher implements Flow.Publisher<ByteBuffer> {
  private static final System.Logger LOG = Messages.log("view");
  private static final int PIECE = 64 * 1024;

  private final Feed feed;
  private final Consumer<Runnable> whenReady;
  private final Executor serial;
  private final BiFunction<Duration, Runnable, Future<?>> later;
  private final AtomicReference<@Nullable Delivery> current = new AtomicReference<>();
  // Of all subscriptions together: what was asked of the source cannot be taken back.
  private final AtomicBoolean armed = new AtomicBoolean();
  // Used by one task at a time.
  private @Nullable Future<?> alarm;

  /**
   * A publisher without a subscriber.
   *
   * @param unread puts bytes back in front; it copies them
   * @param whenReady runs a task once, as soon as a read is worth a try
   * @param serial runs tasks one after the other
   */
  public SourcePublisher(
      ByteSource source,
      Consumer<ByteBuffer> unread,
      Consumer<Runnable> whenReady,
      Executor serial) {
    this(
        Feed.pieces(source, unread, PIECE),
        whenReady,
        serial,
        (delay, task) -> new CompletableFuture<>());
  }

  /** A publisher of other pieces, which may be late; then {@code later} has it look. */
  SourcePublisher(
      Feed feed,
      Consumer<Runnable> whenReady,
      Executor serial,
      BiFunction<Duration, Runnable, Future<?>> later) {
    this.feed = feed;
    this.whenReady = whenReady;
    this.serial = serial;
    this.later = later;
  }

  @Override
  public void subscribe(Flow.Subscriber<? super ByteBuffer> subscriber) {
    Objects.requireNonNull(subscriber, "subscriber");
    Delivery delivery = new Delivery(subscriber);
    if (current.compareAndSet(null, delivery)) {
      delivery.begin(subscriber);
      return;
    }
    subscriber.onSubscribe(Nothing.INSTANCE);
    subscriber.onError(
        new IllegalStateException(
            feed.source().name()
                + ": has a subscriber already, and is published to one at a time"));
  }

  /** The subscription of a refused subscriber. */
  private enum Nothing implements Flow.Subscription {
    INSTANCE;

    @Override
    public void request(long n) {}

    @Override
    public void cancel() {}
  }

  private void arm() {
    arm(Long.MAX_VALUE);
  }

  private void lookAgain() {
    Delivery present = current.get();
    if (present != null) {
      present.look();
    }
  }

  private void arm(long left) {
    stopAlarm();
    if (left != Long.MAX_VALUE) {
      alarm = later.apply(Duration.ofNanos(left), this::lookAgain);
    }
    if (armed.compareAndSet(false, true)) {
      whenReady.accept(
          () -> {
            armed.set(false);
            lookAgain();
          });
    }
  }

  private void stopAlarm() {
    Future<?> before = alarm;
    if (before != null) {
      before.cancel(false);
      alarm = null;
    }
  }

  /** A subscription is over; the alarm may be that of the next one, which sets it again. */
  private void disarm() {
    if (alarm != null) {
      stopAlarm();
      lookAgain();
    }
  }

  private final class Delivery implements Flow.Subscription {
    // Null once it is over, so that nothing here keeps the subscriber alive.
    private volatile Flow.@Nullable Subscriber<? super ByteBuffer> subscriber;
    private final AtomicLong demand = new AtomicLong();
    // How often there was a reason to look since the present look began. The first is onSubscribe
    // itself: nothing is delivered before it returns.
    private final AtomicInteger reasons = new AtomicInteger(1);
    private volatile boolean cancelled;
    private volatile @Nullable Throwable misuse;

    Delivery(Flow.Subscriber<? super ByteBuffer> subscriber) {
      this.subscriber = subscriber;
    }

    void begin(Flow.Subscriber<? super ByteBuffer> to) {
      try {
        to.onSubscribe(this);
      } catch (RuntimeException | Error e) {
        broken(e);
      }
      serial.execute(this::work);
    }

    @Override
    public void request(long n) {
      if (n <= 0) {
        misuse =
            new IllegalArgumentException(
                "rule 3.9: " + n + " pieces were requested, expected 1 or more");
      } else {
        demand.accumulateAndGet(n, (have, more) -> have + more < 0 ? Long.MAX_VALUE : have + more);
      }
      look();
    }

    @Override
    public void cancel() {
      cancelled = true;
      if (current.compareAndSet(this, null)) {
        // What was gathered is there for the caller's next read, unless a take goes on just now.
        feed.leave();
      }
      look();
    }

    private void look() {
      if (reasons.getAndIncrement() == 0) {
        serial.execute(this::work);
      }
    }

    private void work() {
      int seen = reasons.get();
      do {
        deliver();
        seen = reasons.addAndGet(-seen);
      } while (seen != 0);
    }

    private void deliver() {
      while (true) {
        Flow.Subscriber<? super ByteBuffer> to = subscriber;
        if (to == null) {
          return;
        }
        Throwable fault = misuse;
        if (cancelled) {
          subscriber = null;
          feed.leave();
          disarm();
          return;
        }
        if (fault != null) {
          over(to, fault);
          return;
        }
        if (demand.get() == 0) {
          withoutDemand(to);
          return;
        }
        ByteBuffer piece;
        try {
          piece = feed.take(() -> cancelled);
        } catch (IOException | RuntimeException | Error e) {
          over(to, e);
          return;
        }
        if (piece == null) {
          over(to, null);
          return;
        }
        if (Feed.isNothing(piece)) {
          if (cancelled) {
            continue;
          }
          arm(feed.left());
          return;
        }
        demand.updateAndGet(have -> have == Long.MAX_VALUE ? have : have - 1);
        try {
          to.onNext(piece);
        } catch (RuntimeException | Error e) {
          broken(e);
        }
      }
    }

    /**
     * An end or a failure is also reported to a subscriber that has requested nothing; data must
     * wait.
     */
    private void withoutDemand(Flow.Subscriber<? super ByteBuffer> to) {
      ByteBuffer there;
      try {
        there = feed.look();
      } catch (IOException | RuntimeException | Error e) {
        over(to, e);
        return;
      }
      if (there == null) {
        over(to, null);
      } else if (Feed.isNothing(there)) {
        arm();
      }
    }

    /** A subscriber that throws is as good as cancelled (rule 2.13). */
    private void broken(Throwable thrown) {
      LOG.log(
          System.Logger.Level.ERROR,
          "{0}: a subscriber has thrown and is cancelled",
          feed.source().name(),
          thrown);
      cancelled = true;
      current.compareAndSet(this, null);
    }

    private void over(Flow.Subscriber<? super ByteBuffer> to, @Nullable Throwable cause) {
      subscriber = null;
      feed.leave();
      current.compareAndSet(this, null);
      disarm();
      if (cancelled) {
        // Its subscriber went while this was looked at; the source tells the next one as well.
        return;
      }
      try {
        if (cause == null) {
          to.onComplete();
        } else {
          to.onError(cause);
        }
      } catch (RuntimeException | Error e) {
        broken(e);
      }
    }
  }
}
