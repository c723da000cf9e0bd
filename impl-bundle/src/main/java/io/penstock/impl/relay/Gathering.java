// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.relay;

import io.penstock.impl.core.SinkEnd;
import io.penstock.impl.core.Splicing;
import io.penstock.impl.engine.Engine;
import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Lets a direction wait after small pieces until at most a quarter of the sink's buffer waits for
 * its reader, which is when the selector finds room. What comes meanwhile is one piece in place of
 * many, each of which costs its calls and wakes a reader.
 *
 * <p>That pays between Unix sockets while both directions move much: then peers take turns at
 * reading and writing anyway. One way the reader would only run dry.
 */
final class Gathering {
  /** A piece that is worth its cost by itself, in bytes. */
  static final int ENOUGH = 128 * 1024;

  /** A piece that is more than an acknowledgement of what came the other way, in bytes. */
  static final int MUCH = 4096;

  /** So lately the other direction has moved much, if both are busy. */
  static final long LATELY_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

  /** After that it goes on in any case: the reader may wait for more before it reads at all. */
  static final Duration LONGEST = Duration.ofMillis(10);

  private final Engine engine;
  private final SinkEnd sink;
  private final long longest;
  private final AtomicBoolean watched = new AtomicBoolean();

  /** How many there were; only the direction's task changes it. */
  private volatile int count;

  private volatile long since;
  private volatile boolean on;

  /** Of the task: the pieces that it has moved without a wait. */
  private int inRow;

  Gathering(Engine engine, SinkEnd sink) {
    this(engine, sink, LONGEST);
  }

  /** With another limit than {@link #LONGEST}. */
  Gathering(Engine engine, SinkEnd sink, Duration longest) {
    this.engine = engine;
    this.sink = sink;
    this.longest = longest.toNanos();
  }

  /** How many there were. */
  int count() {
    return count;
  }

  /** The direction goes on after a wait. */
  void over() {
    inRow = 0;
    if (on) {
      on = false;
    }
  }

  /**
   * A piece has gone to the sink as a whole.
   *
   * @param piece in bytes
   * @param now in nanoseconds
   * @param muchBack when the other direction has last moved {@link #MUCH}; 0 for never
   * @return whether to wait for the sink, as after a write for which there was no room
   */
  boolean begins(int piece, long now, long muchBack) {
    inRow++;
    // A piece that nothing follows at once is a request or an answer: to wait gathers nothing.
    if (inRow < 2 || piece >= ENOUGH || !bothBusy(now, muchBack)) {
      return false;
    }
    // Before any timer can see this wait: a timer that came first would have nothing to end.
    Splicing.awaitRoom(sink);
    int mine = count + 1;
    since = now;
    count = mine;
    on = true;
    if (watched.compareAndSet(false, true)) {
      watch(mine, longest);
    }
    return true;
  }

  /**
   * Whether the other direction moves much as well.
   *
   * @param now when this one has last moved something, in nanoseconds
   * @param muchBack when the other has last moved {@link #MUCH}; 0 for never
   */
  static boolean bothBusy(long now, long muchBack) {
    return muchBack != 0 && now - muchBack <= LATELY_NANOS;
  }

  /** One timer at a time, however many begin meanwhile: a flood has thousands in a second. */
  private void watch(int seen, long nanos) {
    try {
      Future<?> unused = engine.schedule(Duration.ofNanos(nanos), () -> look(seen));
    } catch (RuntimeException | Error e) {
      // Such as no thread for the timer: the next one tries again.
      watched.set(false);
      throw e;
    }
  }

  private void look(int seen) {
    try {
      if (on && count == seen) {
        sink.selected();
        sink.run();
      }
    } finally {
      watched.set(false);
    }
    // After that, because one may have begun just now and seen that it is watched.
    int present = count;
    if (on && present != seen && watched.compareAndSet(false, true)) {
      long left = longest - (engine.parker().nanoTime() - since);
      watch(present, Math.max(0, Math.min(left, longest)));
    }
  }
}
