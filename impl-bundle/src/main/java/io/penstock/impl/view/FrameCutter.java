// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.view;

import io.penstock.error.StreamTimeoutException;
import io.penstock.error.WouldBlockException;
import io.penstock.stream.ByteSource;
import io.penstock.stream.Framer;
import io.penstock.stream.Framing;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Takes frames out of a source. A frame that lies whole where it is lent is copied once; the pieces
 * of another one are gathered here until it is whole, and go back unless that happens. By one
 * thread at a time, but for {@link #skipped}.
 */
final class FrameCutter {
  private static final int PIECE = 64 * 1024;
  // After so many skipped bytes the caller's limits are looked at, though more is there.
  private static final int MOST_SKIPPED = 1024 * 1024;

  private final ByteSource source;
  private final Framing framing;
  private final Framer framer;
  private final Consumer<ByteBuffer> unread;
  private final LongSupplier clock;
  private final long within;
  private final long idle;
  private Gathered held = new Gathered();
  private @Nullable ByteBuffer found;
  private @Nullable ByteBuffer delivered;
  private @Nullable Throwable refused;
  private boolean inSkip;
  // Up to when the time of the skipped frame that goes on is counted.
  private long skipSince;
  // Whether the last take ended because much was skipped.
  private boolean much;
  // How many bytes of the present run were skipped.
  private int dropped;
  // How long the peer has kept us waiting, for a frame if a part of it is there.
  private long spent;
  private boolean part;
  private volatile long skipped;

  FrameCutter(ByteSource source, Framing framing, Consumer<ByteBuffer> unread, LongSupplier clock) {
    this.source = source;
    this.framing = framing;
    this.framer = framing.newFramer();
    this.unread = unread;
    this.clock = clock;
    this.within = nanos(framing.frameTimeout());
    this.idle = nanos(framing.idleTimeout());
  }

  private static long nanos(Wait limit) {
    return limit.kind() == Wait.Kind.FOREVER ? Long.MAX_VALUE : limit.nanos();
  }

  long skipped() {
    return skipped;
  }

  boolean holds() {
    return held.size() > 0;
  }

  /** How many nanoseconds the peer has until the framing's limit passes. */
  long left() {
    boolean inFrame = holds() || framer.skipping();
    if (inFrame != part) {
      part = inFrame;
      spent = 0;
    }
    long limit = part ? within : idle;
    return limit == Long.MAX_VALUE ? limit : Math.max(0, limit - spent);
  }

  /** Counts a time during which the peer kept us waiting. */
  void waited(long nanos) {
    spent += nanos;
  }

  /** Fails if the framing's limit has passed; only after everything that is there was looked at. */
  void checkTime() throws StreamTimeoutException {
    if (left() == 0) {
      throw new StreamTimeoutException(
          source.name(), Frames.late(part ? within : idle, part, held.size()), 0);
    }
  }

  /** As the view's {@code next}. */
  @Nullable ByteBuffer next(Wait wait) throws IOException {
    boolean over = false;
    try {
      while (true) {
        ByteBuffer frame = take();
        over = !Feed.isNothing(frame);
        if (over) {
          return frame;
        }
        if (wait.kind() == Wait.Kind.NONE) {
          throw new WouldBlockException(
              source.name(), "no whole frame, only " + held.size() + " bytes are there", 0);
        }
        checkTime();
        if (much) {
          checkCaller(wait);
        }
        await(wait);
      }
    } finally {
      if (!over) {
        giveBack();
      }
    }
  }

  /** A wait checks this only when there is nothing, which a peer that is skipped can prevent. */
  private void checkCaller(Wait wait) throws IOException {
    if (Thread.currentThread().isInterrupted()) {
      throw new InterruptedIOException(source.name() + ": interrupted while waiting for a frame");
    }
    if (wait.kind() == Wait.Kind.UNTIL && wait.nanos() - clock.getAsLong() <= 0) {
      throw new StreamTimeoutException(source.name(), "timed out, the limit was " + wait, 0);
    }
  }

  private void await(Wait wait) throws IOException {
    long left = left();
    if (left == Long.MAX_VALUE) {
      awaitTurn(wait);
      return;
    }
    long start = clock.getAsLong();
    long own =
        switch (wait.kind()) {
          case UP_TO -> wait.nanos();
          case UNTIL -> wait.nanos() - start;
          default -> Long.MAX_VALUE;
        };
    try {
      if (own <= left) {
        awaitTurn(wait);
      } else {
        awaitTurn(Wait.until(start + left));
      }
    } catch (StreamTimeoutException e) {
      if (own <= left) {
        throw e;
      }
      // Whether it is too late is told after one more look.
    } finally {
      waited(clock.getAsLong() - start);
    }
  }

  /**
   * Waits for bytes in the queue for the source's turn: while another caller has it, the bytes that
   * are there are that caller's, and trying for them again and again would be in vain.
   */
  private void awaitTurn(Wait wait) throws IOException {
    int unused = source.consume(1, run -> {}, wait);
  }

  /**
   * Takes a frame without waiting. What is there of an incomplete one stays here.
   *
   * @return {@link Feed#NOTHING} if there is none yet, or much was skipped; null at the end
   */
  @Nullable ByteBuffer take() throws IOException {
    found = null;
    delivered = null;
    int passed = 0;
    if (inSkip) {
      skipSince = clock.getAsLong();
    }
    while (true) {
      int most = (int) Math.min(PIECE, Math.max(1L, (long) framing.max() - held.size()));
      int n = source.consume(most, this::look, Wait.none());
      Throwable why = refused;
      if (why != null) {
        refused = null;
        throw thrown(why);
      }
      ByteBuffer frame = found;
      if (frame != null) {
        spent = 0;
        // Only a framer that looks ahead finds a frame so late that there is a rest here.
        giveBack();
        return frame;
      }
      if (n < 0) {
        return atEnd();
      }
      passed += n == 0 ? 0 : dropped;
      much = passed >= MOST_SKIPPED;
      if (n == 0 || much) {
        countSkip();
        return Feed.NOTHING;
      }
    }
  }

  private void countSkip() {
    if (inSkip) {
      // Notes that a frame has begun, which sets the time to 0.
      long unused = left();
      waited(clock.getAsLong() - skipSince);
    }
  }

  private static IOException thrown(Throwable why) throws IOException {
    if (why instanceof IOException e) {
      return e;
    }
    if (why instanceof RuntimeException e) {
      throw e;
    }
    throw (Error) why;
  }

  /**
   * Takes from a run what belongs to the next frame. What the framer throws is told after the run,
   * or what was skipped before would come back.
   */
  private void look(ByteBuffer run) {
    int before = held.size();
    ByteBuffer all = run.slice();
    if (before > 0) {
      held.add(run.duplicate());
      all = held.bytes();
    }
    int used = 0;
    try {
      used = cut(all);
    } catch (IOException | RuntimeException | Error e) {
      refused = e;
      used = dropped;
    }
    boolean stops = found != null || refused != null;
    if (stops && used >= before) {
      held = new Gathered();
      run.position(run.position() + used - before);
    } else if (before > 0) {
      held.drop(used);
      run.position(run.limit());
    } else {
      run.position(run.position() + used);
      held.add(run);
    }
  }

  /**
   * Looks for a frame, and drops what is skipped before it.
   *
   * @param bytes from position 0 on
   * @return how many bytes were skipped, and belong to the frame that was found, if there is one
   */
  private int cut(ByteBuffer bytes) throws IOException {
    dropped = 0;
    int end = bytes.limit();
    while (dropped < end) {
      int there = end - dropped;
      int size = Frames.ask(source.name(), framing, framer, bytes.slice(dropped, there), there);
      if (size >= 0) {
        if (size > 0) {
          copy(bytes, dropped, size);
        }
        return dropped + size;
      }
      skip();
      dropped -= size;
    }
    return dropped;
  }

  private void skip() {
    if (!inSkip) {
      // Written by one thread at a time.
      long before = skipped;
      skipped = before + 1;
      skipSince = clock.getAsLong();
      Frames.record(source.name(), framing, null);
    }
    inSkip = framer.skipping();
    if (!inSkip) {
      spent = 0;
    }
  }

  private void copy(ByteBuffer bytes, int from, int size) {
    ByteBuffer whole = ByteBuffer.allocate(size).put(0, bytes, from, size);
    ByteBuffer frame = whole.duplicate();
    Frames.strip(source.name(), framer, frame, 0, size);
    delivered = whole;
    found = frame.slice();
  }

  private @Nullable ByteBuffer atEnd() throws IOException {
    int rest = held.size();
    if (rest == 0 && !framer.skipping()) {
      return null;
    }
    if (!framer.partialAtEnd()) {
      throw Frames.truncated(source.name(), rest);
    }
    Gathered last = held;
    held = new Gathered();
    if (framer.skipping()) {
      return null;
    }
    delivered = last.bytes();
    return last.bytes().slice();
  }

  /** Puts the frame that was taken last back in front of the source. */
  void unreadLast() {
    ByteBuffer frame = delivered;
    if (frame != null) {
      delivered = null;
      unread.accept(frame);
    }
  }

  /** Puts what was gathered of an incomplete frame back in front of the source. */
  void giveBack() {
    if (holds()) {
      Gathered back = held;
      held = new Gathered();
      framer.forget();
      unread.accept(back.bytes());
    }
  }
}
