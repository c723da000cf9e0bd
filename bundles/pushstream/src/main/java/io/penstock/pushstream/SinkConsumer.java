// SPDX-License-Identifier: Apache-2.0
package io.penstock.pushstream;

import io.penstock.stream.ByteSubscriber;
import java.nio.ByteBuffer;
import java.util.concurrent.Flow;
import java.util.concurrent.atomic.AtomicLong;
import org.osgi.util.pushstream.PushEvent;
import org.osgi.util.pushstream.PushEventConsumer;

/** Turns what a subscriber requests into delays. */
final class SinkConsumer implements PushEventConsumer<ByteBuffer>, Flow.Subscription {
  /** The longest delay is two to the power of this, in milliseconds. */
  private static final int MOST_DOUBLINGS = 7;

  private final ByteSubscriber subscriber;
  private final AtomicLong demand = new AtomicLong();
  private volatile boolean over;

  SinkConsumer(ByteSubscriber subscriber) {
    this.subscriber = subscriber;
  }

  void begin() {
    subscriber.onSubscribe(this);
  }

  @Override
  public void request(long n) {
    demand.addAndGet(n);
  }

  @Override
  public void cancel() {
    over = true;
  }

  @Override
  public long accept(PushEvent<? extends ByteBuffer> event) {
    if (over) {
      return ABORT;
    }
    switch (event.getType()) {
      case DATA -> {
        long left = demand.decrementAndGet();
        subscriber.onNext(event.getData());
        return over ? ABORT : delay(left);
      }
      case ERROR -> {
        over = true;
        subscriber.onError(event.getFailure());
      }
      case CLOSE -> {
        over = true;
        subscriber.onComplete();
      }
    }
    return ABORT;
  }

  /**
   * No delay while more events are wanted; otherwise a delay by the number of events that came
   * unwanted.
   */
  private static long delay(long left) {
    return left > 0 ? CONTINUE : 1L << Math.min(-left, MOST_DOUBLINGS);
  }
}
