// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.buffer;

import io.penstock.impl.engine.Faults;
import io.penstock.spi.SinkDriver;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** The writable half of a {@link ContentPipe}. */
final class ContentSink implements SinkDriver {
  private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

  private final ContentPipe pipe;
  // The writer and the content tell of changes, and the later one must count last.
  private final ReentrantLock counting = new ReentrantLock();
  // What was counted as held in memory.
  private long counted;
  // As of the last count.
  private volatile long acknowledged;

  private volatile Runnable ready = () -> {};
  private volatile boolean closed;
  private volatile boolean letGo;
  private volatile @Nullable CompletableFuture<Void> ending;
  private final AtomicLong bytes = new AtomicLong();
  private final AtomicLong count = new AtomicLong();
  // Of the holder of the turn.
  private volatile long highWater;

  ContentSink(ContentPipe pipe) {
    this.pipe = pipe;
  }

  void tell() {
    recount();
    ready.run();
  }

  /** Bytes are in memory until they are acknowledged; what is over tells nothing of them. */
  private void recount() {
    counting.lock();
    try {
      acknowledged = pipe.content.acknowledged();
      long now = isOver() ? 0 : Math.max(0, pipe.content.written() - acknowledged);
      long change = now - counted;
      counted = now;
      pipe.grew(change);
      long left = counted;
      if (left > 0 && isOver()) {
        // It went meanwhile.
        counted = 0;
        pipe.grew(-left);
      }
    } finally {
      counting.unlock();
    }
  }

  private boolean isOver() {
    return letGo || pipe.isGone();
  }

  /** The content was closed. */
  void letGo() {
    letGo = true;
    recount();
  }

  private long unacknowledged() {
    return Math.max(0, pipe.content.written() - pipe.content.acknowledged());
  }

  @Override
  public void onReady(Runnable callback) {
    ready = callback;
  }

  @Override
  public boolean ready() {
    return pipe.isSpent() || pipe.content.room() > 0;
  }

  @Override
  public int write(ByteBuffer src) throws IOException {
    Throwable failure = pipe.failure();
    if (failure != null) {
      throw Faults.kept(failure);
    }
    int n = pipe.content.append(src);
    if (n > 0) {
      bytes.getAndAdd(n);
      count.getAndIncrement();
      highWater = Math.max(highWater, pending());
      recount();
    }
    return n;
  }

  @Override
  public void end() throws IOException {
    if (!pipe.closing && pipe.failure() == null) {
      pipe.content.end();
      CompletableFuture<Void> safe = pipe.content.flush().toCompletableFuture();
      ending = safe;
      CompletableFuture<Void> unused = safe.whenComplete((done, failed) -> tell());
    }
  }

  @Override
  public long room() {
    return pipe.failure() == null ? pipe.content.room() : 0;
  }

  @Override
  public long pending() {
    return pipe.hasReader() ? pipe.undelivered() : unacknowledged();
  }

  @Override
  public long unsent() {
    return unflushed();
  }

  @Override
  public long unflushed() {
    if (pipe.isGone()) {
      return 0;
    }
    long bytes = unacknowledged();
    CompletableFuture<Void> end = ending;
    // An end that is not safe yet is waited for as a byte is.
    return bytes > 0 || end == null || end.isDone() ? bytes : 1;
  }

  @Override
  public void flush() throws IOException {
    if (pipe.isGone()) {
      // Says why.
      int unused = pipe.content.append(NOTHING.duplicate());
    }
    CompletionStage<Void> unused = pipe.content.flush();
  }

  @Override
  public long reads() {
    return pipe.hasReader() ? pipe.reads() : -1;
  }

  @Override
  public void close() {
    closed = true;
    pipe.closed();
  }

  boolean isClosed() {
    return closed;
  }

  long bytes() {
    return bytes.get();
  }

  long count() {
    return count.get();
  }

  long acknowledged() {
    return acknowledged;
  }

  long highWater() {
    return highWater;
  }
}
