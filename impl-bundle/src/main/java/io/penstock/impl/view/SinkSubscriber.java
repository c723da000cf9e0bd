// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.view;

import io.penstock.error.StreamClosedException;
import io.penstock.stream.ByteSink;
import io.penstock.stream.ByteSubscriber;
import io.penstock.stream.Watch;
import java.nio.ByteBuffer;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.Flow;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Writes what a publisher sends. As many buffers are requested as may be under way; each that the
 * sink has accepted makes room for another request.
 */
public final class SinkSubscriber implements ByteSubscriber {
  /** So many that a publisher on another thread need not wait for each, and still few. */
  private static final int UNDER_WAY = 8;

  private final ByteSink sink;
  private final Consumer<Throwable> cut;
  private final Executor executor;
  private final AtomicBoolean subscribed = new AtomicBoolean();
  private final AtomicBoolean finished = new AtomicBoolean();
  private final AtomicReference<Flow.@Nullable Subscription> subscription = new AtomicReference<>();
  private final AtomicReference<@Nullable Watch> closing = new AtomicReference<>();
  private final CompletableFuture<Void> done = new CompletableFuture<>();

  /**
   * A subscriber without a subscription.
   *
   * @param cut cuts what the sink belongs to short, so that its reader sees a failure
   * @param executor for calls of the publisher that a close of the sink causes
   */
  public SinkSubscriber(ByteSink sink, Consumer<Throwable> cut, Executor executor) {
    this.sink = sink;
    this.cut = cut;
    this.executor = executor;
  }

  @Override
  public void onSubscribe(Flow.Subscription to) {
    Objects.requireNonNull(to, "subscription");
    if (!subscribed.compareAndSet(false, true)) {
      to.cancel();
      return;
    }
    subscription.set(to);
    Watch watch = sink.closing().onSet(executor, this::sinkClosed);
    closing.set(watch);
    if (finished.get()) {
      forget();
    }
    to.request(UNDER_WAY);
  }

  private void sinkClosed() {
    if (!finished.get()) {
      failed(new StreamClosedException(sink.name()));
    }
  }

  @Override
  public void onNext(ByteBuffer bytes) {
    Objects.requireNonNull(bytes, "bytes");
    if (finished.get()) {
      return;
    }
    CompletionStage<Void> unused =
        sink.writeAsync(bytes)
            .whenComplete(
                (written, failure) -> {
                  Flow.Subscription from = subscription.get();
                  if (failure != null) {
                    failed(failure);
                  } else if (from != null && !finished.get()) {
                    from.request(1);
                  }
                });
  }

  @Override
  public void onError(Throwable cause) {
    Objects.requireNonNull(cause, "cause");
    if (finished.compareAndSet(false, true)) {
      forget();
      cut.accept(cause);
      done.completeExceptionally(cause);
    }
  }

  @Override
  public void onComplete() {
    if (finished.compareAndSet(false, true)) {
      forget();
      CompletionStage<Void> unused =
          sink.endAsync()
              .whenComplete(
                  (ended, failure) -> {
                    if (failure == null) {
                      done.complete(null);
                    } else {
                      done.completeExceptionally(failure);
                    }
                  });
    }
  }

  /** The sink takes no more. */
  private void failed(Throwable failure) {
    Throwable cause = failure;
    if (!sink.isOpen() && !(failure instanceof StreamClosedException)) {
      cause = new StreamClosedException(sink.name());
      cause.initCause(failure);
    }
    finished.set(true);
    Flow.Subscription from = forget();
    if (from != null) {
      from.cancel();
    }
    done.completeExceptionally(cause);
  }

  /** Lets the publisher and the sink go. */
  private Flow.@Nullable Subscription forget() {
    Watch watch = closing.getAndSet(null);
    if (watch != null) {
      watch.close();
    }
    return subscription.getAndSet(null);
  }

  @Override
  public CompletionStage<Void> done() {
    return done.minimalCompletionStage();
  }
}
