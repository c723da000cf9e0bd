// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.buffer;

import io.penstock.error.StreamClosedException;
import io.penstock.error.StreamTruncatedException;
import io.penstock.impl.engine.Faults;
import io.penstock.spi.SourceDriver;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** The readable half of a {@link ContentPipe}: for one reader at a time. */
final class ContentSource implements SourceDriver, Holding, Rewinding {
  private final ContentPipe pipe;
  private volatile Runnable ready = () -> {};
  private volatile boolean closed;

  private final AtomicReference<Place> place;
  // Written with the turn only.
  private volatile boolean endSeen;
  private volatile boolean metEnd;
  private volatile @Nullable Throwable cutMet;
  private final AtomicLong count = new AtomicLong();
  private final AtomicLong bytes = new AtomicLong();

  /**
   * Where the reader is.
   *
   * @param delivered the position behind what was delivered
   * @param held how many bytes behind it a long read has gathered
   * @param freed how many of these give room
   */
  private record Place(long delivered, long held, long freed) {
    long next() {
      return delivered + held;
    }
  }

  ContentSource(ContentPipe pipe, long position) {
    this.pipe = pipe;
    this.place = new AtomicReference<>(new Place(position, 0, 0));
  }

  void tell() {
    ready.run();
  }

  void tellIfFailed() {
    if (pipe.isSpent()) {
      tell();
    }
  }

  private Place now() {
    return Objects.requireNonNull(place.get(), "place");
  }

  long position() {
    return now().delivered();
  }

  boolean hasMetEnd() {
    return metEnd || cutMet != null;
  }

  /** Whether nothing was taken back since the end was met. */
  boolean isAtEnd() {
    return hasMetEnd() && now().held() == 0;
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

  /** Goes on elsewhere. With the turn, and with nothing in front. */
  void moveTo(long position) {
    endSeen = false;
    metEnd = false;
    cutMet = null;
    place.set(new Place(position, 0, 0));
    pipe.moved();
    pipe.content.seek(position);
    advanced();
    tell();
  }

  // ---- as a driver

  @Override
  public void onReady(Runnable callback) {
    ready = callback;
  }

  @Override
  public void rewindsBy(Predicate<Runnable> rewinder) {
    pipe.rewinder = rewinder;
  }

  private long next() {
    return now().next();
  }

  @Override
  public boolean ready() {
    return hasMetEnd() || pipe.content.ready(next()) || atLocalCut();
  }

  /** Whether what this side has cut has nothing in front of it. */
  private boolean atLocalCut() {
    return pipe.failure() != null && (!pipe.isCut() || next() == pipe.content.written());
  }

  @Override
  public boolean ended() {
    return metEnd || pipe.content.ended(next());
  }

  @Override
  public long available() {
    return closed ? 0 : Math.max(0, pipe.content.readable() - now().delivered());
  }

  @Override
  public long capacity() {
    return pipe.capacity;
  }

  @Override
  public int read(ByteBuffer dst) throws IOException {
    return move(dst, false, false);
  }

  @Override
  public int hold(ByteBuffer dst, boolean frees) throws IOException {
    return move(dst, true, frees);
  }

  private int move(ByteBuffer dst, boolean holds, boolean frees) throws IOException {
    if (closed) {
      throw new StreamClosedException(pipe.name);
    }
    count.getAndIncrement();
    Throwable local = pipe.failure();
    Throwable over = local != null && !pipe.isCut() ? local : cutMet;
    if (over != null) {
      throw Faults.kept(over);
    }
    if (metEnd) {
      return -1;
    }
    int n;
    try {
      n = pipe.content.read(next(), dst);
    } catch (StreamTruncatedException e) {
      // What was cut on this side has its own cause.
      throw meetCut(local == null ? e : local);
    }
    if (n == 0 && local != null && next() == pipe.content.written()) {
      throw meetCut(local);
    }
    if (n > 0) {
      bytes.getAndAdd(n);
      int count = n;
      Place unused =
          place.updateAndGet(
              now ->
                  holds
                      ? new Place(
                          now.delivered(), now.held() + count, now.freed() + (frees ? count : 0))
                      : new Place(now.delivered() + count, now.held(), now.freed()));
      advanced();
    } else if (n < 0) {
      endSeen = true;
      meetEnd();
    }
    // Also in vain: a writer may wait for a reader to come.
    pipe.tellWriter();
    return n;
  }

  private IOException meetCut(Throwable cause) {
    if (now().held() == 0) {
      cutMet = cause;
      pipe.met();
    }
    return Faults.kept(cause);
  }

  /** The end is met once everything before it was delivered. */
  private void meetEnd() {
    if (endSeen && now().held() == 0 && !metEnd) {
      metEnd = true;
      pipe.met();
    }
  }

  /** Something was delivered, or taken back. */
  private void advanced() {
    if (pipe.auto) {
      pipe.content.commit(now().delivered(), false);
    }
    released();
  }

  /** Tells from where on bytes take up room. */
  void released() {
    Place now = now();
    long done = pipe.auto ? now.delivered() : Math.min(now.delivered(), pipe.content.committed());
    pipe.content.release(now.freed() > 0 ? now.delivered() + now.freed() : done);
  }

  @Override
  public void free(int n) {
    Place unused =
        place.updateAndGet(now -> new Place(now.delivered(), now.held(), now.freed() + n));
    released();
    pipe.tellWriter();
  }

  @Override
  public boolean deliver(int n) {
    if (closed) {
      return false;
    }
    Place unused = place.updateAndGet(now -> new Place(now.delivered() + n, now.held() - n, 0));
    advanced();
    meetEnd();
    pipe.tellWriter();
    return true;
  }

  @Override
  public void keep() {
    if (now().freed() > 0) {
      Place unused = place.updateAndGet(now -> new Place(now.delivered(), now.held(), 0));
      released();
      pipe.tellWriter();
    }
  }

  @Override
  public boolean takeBack(int n) {
    if (closed) {
      return false;
    }
    Place unused =
        place.updateAndGet(now -> new Place(now.delivered() - n, now.held() + n, now.freed()));
    advanced();
    return true;
  }

  @Override
  public long dropped() {
    return 0;
  }

  @Override
  public void close() {
    closed = true;
    pipe.closed();
    pipe.tellWriter();
  }
}
