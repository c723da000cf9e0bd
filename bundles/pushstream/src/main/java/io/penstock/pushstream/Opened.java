// SPDX-License-Identifier: Apache-2.0
package io.penstock.pushstream;

import io.penstock.spi.Messages;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.osgi.util.pushstream.PushEvent;
import org.osgi.util.pushstream.PushEventConsumer;

/**
 * One opening of a source of events. Events are sent one at a time, and none follows the last one.
 * A close during an event leaves the close event to the sending thread.
 */
final class Opened implements Flow.Subscriber<ByteBuffer>, AutoCloseable {
  private static final System.Logger LOG = Messages.log("pushstream");

  private enum State {
    IDLE,
    SENDING,
    CLOSED_WHILE_SENDING,
    OVER
  }

  private final String name;
  private final PushEventConsumer<? super ByteBuffer> consumer;
  private final AtomicReference<State> state = new AtomicReference<>(State.IDLE);
  private volatile Flow.@Nullable Subscription subscription;

  Opened(String name, PushEventConsumer<? super ByteBuffer> consumer) {
    this.name = name;
    this.consumer = consumer;
  }

  @Override
  public void onSubscribe(Flow.Subscription to) {
    subscription = to;
    to.request(1);
  }

  @Override
  public void onNext(ByteBuffer piece) {
    if (!state.compareAndSet(State.IDLE, State.SENDING)) {
      return;
    }
    long delay = send(PushEvent.data(piece));
    boolean open = state.compareAndSet(State.SENDING, State.IDLE);
    if (!open) {
      last(State.CLOSED_WHILE_SENDING, PushEvent.close());
    } else if (delay < 0) {
      close();
    } else if (delay == 0) {
      more();
    } else {
      // The JDK's own timer: asking for more is quick.
      CompletableFuture.delayedExecutor(delay, TimeUnit.MILLISECONDS, Runnable::run)
          .execute(this::more);
    }
  }

  private void more() {
    Flow.Subscription from = subscription;
    if (from != null) {
      from.request(1);
    }
  }

  @Override
  public void onError(Throwable cause) {
    last(State.IDLE, PushEvent.error(cause));
  }

  @Override
  public void onComplete() {
    last(State.IDLE, PushEvent.close());
  }

  @Override
  public void close() {
    Flow.Subscription from = subscription;
    if (from != null) {
      from.cancel();
    }
    // An event may begin or end between two looks.
    while (state.get() == State.IDLE || state.get() == State.SENDING) {
      if (state.compareAndSet(State.SENDING, State.CLOSED_WHILE_SENDING)
          || last(State.IDLE, PushEvent.close())) {
        return;
      }
    }
  }

  private boolean last(State from, PushEvent<ByteBuffer> event) {
    if (!state.compareAndSet(from, State.OVER)) {
      return false;
    }
    subscription = null;
    long unused = send(event);
    return true;
  }

  /** A consumer that throws wants no more. */
  private long send(PushEvent<ByteBuffer> event) {
    try {
      return consumer.accept(event);
    } catch (Throwable e) { // whatever it is, the close event follows
      LOG.log(
          System.Logger.Level.WARNING,
          "{0}: a consumer of events has thrown and gets no more of them",
          name,
          e);
      return PushEventConsumer.ABORT;
    }
  }
}
