// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.relay;

import io.penstock.impl.core.Engine;
import io.penstock.impl.core.SinkEnd;
import io.penstock.impl.core.SourceEnd;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/** One way of a conversation. One task at a time runs it; between tasks it waits for one end. */
final class Direction {
  /** How many pieces are moved before other tasks get the worker. */
  private static final int PIECES = 64;

  /** Who is told how it goes. */
  interface Owner {
    /** Bytes went across. */
    void moved();

    /** Whether the conversation is over. */
    boolean over();

    /** The source has ended; everything before the end was accepted by the sink. */
    void sourceEnded(Direction direction);

    /** Reading failed. */
    void sourceFailed(Direction direction, IOException cause);

    /** Writing failed. */
    void sinkFailed(Direction direction, IOException cause);
  }

  private final Engine engine;
  private final SourceEnd source;
  private final SinkEnd sink;
  private final Buffers buffers;
  private final LongAdder count;
  private final long rate;
  private final Owner owner;
  private final long started;
  private long moved;
  private volatile long lastMoved;
  private volatile @Nullable ByteBuffer held;

  Direction(
      Engine engine,
      SourceEnd source,
      SinkEnd sink,
      Buffers buffers,
      LongAdder count,
      long rate,
      Owner owner) {
    this.engine = engine;
    this.source = source;
    this.sink = sink;
    this.buffers = buffers;
    this.count = count;
    this.rate = rate;
    this.owner = owner;
    this.started = engine.parker().nanoTime();
  }

  SinkEnd sink() {
    return sink;
  }

  SourceEnd source() {
    return source;
  }

  /** Whether bytes went across a moment ago, or wait to. */
  boolean movedWithin(Duration moment) {
    long last = lastMoved;
    return held != null || (last != 0 && engine.parker().nanoTime() - last < moment.toNanos());
  }

  void schedule() {
    engine.execute(this::run);
  }

  private void run() {
    for (int i = 0; i < PIECES; i++) {
      if (owner.over()) {
        letGo();
        return;
      }
      ByteBuffer rest = held;
      if (rest != null) {
        if (!write(rest)) {
          return;
        }
      } else if (!read()) {
        return;
      }
    }
    schedule();
  }

  /** Moves a piece from the source to the buffer; false when this task is done. */
  private boolean read() {
    long early = early();
    if (early > 0) {
      Future<?> unused = engine.schedule(Duration.ofNanos(early), this::schedule);
      return false;
    }
    ByteBuffer buffer = buffers.borrow();
    int n;
    try {
      n = source.read(buffer, Wait.none());
    } catch (IOException e) {
      buffers.giveBack(buffer);
      owner.sourceFailed(this, e);
      return false;
    }
    if (n > 0) {
      held = buffer.flip();
      return true;
    }
    buffers.giveBack(buffer);
    if (n == 0) {
      source.whenReady(this::schedule);
    } else {
      owner.sourceEnded(this);
    }
    return false;
  }

  /** How many nanoseconds we are ahead of the allowed speed. */
  private long early() {
    if (rate == 0) {
      return 0;
    }
    long due = (long) (moved * 1e9 / rate);
    return due - (engine.parker().nanoTime() - started);
  }

  private boolean write(ByteBuffer buffer) {
    int n;
    try {
      n = sink.write(buffer, Wait.none());
    } catch (IOException e) {
      letGo();
      owner.sinkFailed(this, e);
      return false;
    }
    if (n == 0) {
      sink.whenReady(this::schedule);
      return false;
    }
    moved += n;
    lastMoved = engine.parker().nanoTime();
    count.add(n);
    owner.moved();
    if (!buffer.hasRemaining()) {
      letGo();
    }
    return true;
  }

  private void letGo() {
    ByteBuffer buffer = held;
    if (buffer != null) {
      held = null;
      buffers.giveBack(buffer);
    }
  }
}
