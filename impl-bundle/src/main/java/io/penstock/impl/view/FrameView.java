// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.view;

import io.penstock.stream.ByteSource;
import io.penstock.stream.FrameSource;
import io.penstock.stream.Framing;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Objects;
import java.util.concurrent.Executor;
import java.util.concurrent.Flow;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BiFunction;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** A source as frames. */
public final class FrameView implements FrameSource {
  private final ByteSource source;
  private final Framing framing;
  private final Access access;
  private final OneAtATime guard;
  private final FrameCutter cutter;
  private final AtomicReference<@Nullable SourcePublisher> publisher = new AtomicReference<>();
  // What an iterator has found. Set with the guard.
  private volatile @Nullable ByteBuffer ahead;

  /**
   * What the view needs of a source beside what every caller may use.
   *
   * @param unread puts bytes back in front; it copies them
   * @param whenReady runs a task once, as soon as a read is worth a try
   * @param serial makes executors that run tasks one after the other
   * @param clock the clock of the source's waits
   * @param later runs a task after a while
   */
  public record Access(
      Consumer<ByteBuffer> unread,
      Consumer<Runnable> whenReady,
      Supplier<Executor> serial,
      LongSupplier clock,
      BiFunction<Duration, Runnable, Future<?>> later) {}

  /** A view. */
  public FrameView(ByteSource source, Framing framing, Access access) {
    this.source = source;
    this.framing = Objects.requireNonNull(framing, "framing");
    this.access = access;
    this.guard = new OneAtATime("the frames of " + source.name());
    this.cutter = new FrameCutter(source, framing, access.unread(), access.clock());
  }

  @Override
  public ByteSource source() {
    return source;
  }

  @Override
  public Framing framing() {
    return framing;
  }

  @Override
  public long skipped() {
    return cutter.skipped();
  }

  @Override
  public @Nullable ByteBuffer next(Wait wait) throws IOException {
    Objects.requireNonNull(wait, "wait");
    guard.enter();
    try {
      ByteBuffer kept = takeAhead();
      return kept == null ? cutter.next(wait) : kept;
    } finally {
      guard.exit();
    }
  }

  private @Nullable ByteBuffer takeAhead() {
    ByteBuffer kept = ahead;
    ahead = null;
    return kept;
  }

  @Override
  public Iterator<ByteBuffer> iterator() {
    return new Iterator<>() {
      @Override
      public boolean hasNext() {
        guard.enter();
        try {
          if (ahead == null) {
            ahead = cutter.next(source.readWait());
          }
          return ahead != null;
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        } finally {
          guard.exit();
        }
      }

      @Override
      public ByteBuffer next() {
        try {
          ByteBuffer frame = FrameView.this.next();
          if (frame == null) {
            throw new NoSuchElementException("there are no more frames in " + source.name());
          }
          return frame;
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        }
      }
    };
  }

  @Override
  public Flow.Publisher<ByteBuffer> publisher() {
    if (publisher.get() == null) {
      publisher.compareAndSet(
          null,
          new SourcePublisher(
              new Whole(), access.whenReady(), access.serial().get(), access.later()));
    }
    return Objects.requireNonNull(publisher.get(), "publisher");
  }

  /** Whole frames. What is there of the next stays with the cutter while a subscriber waits. */
  private final class Whole extends Feed {
    // Whether the cutter may have something of ours, and whether its peer has kept us waiting since
    // then. Set with the guard, but that anybody may stop the time.
    private volatile boolean used;
    private volatile boolean waits;
    private long since;
    private long left = Long.MAX_VALUE;

    Whole() {
      super(FrameView.this.source);
    }

    @Override
    @Nullable ByteBuffer take(BooleanSupplier gone) throws IOException {
      guard.enter();
      try {
        used = true;
        stop();
        ByteBuffer kept = takeAhead();
        ByteBuffer frame = kept == null ? cutter.take() : kept;
        if (frame != null && gone.getAsBoolean()) {
          cutter.unreadLast();
          release();
          return NOTHING;
        }
        if (isNothing(frame)) {
          cutter.checkTime();
          left = cutter.left();
          since = access.clock().getAsLong();
          waits = true;
        }
        return frame;
      } finally {
        guard.exit();
      }
    }

    private void release() {
      stop();
      cutter.giveBack();
      used = false;
    }

    private void stop() {
      if (waits) {
        waits = false;
        cutter.waited(access.clock().getAsLong() - since);
      }
    }

    @Override
    long left() {
      return left;
    }

    /**
     * While another user has the guard, what was gathered is that user's: it goes on with it or
     * gives it back. A task of ours that has it gives it back afterwards. Without need the guard is
     * not taken, or a user that comes just now would be refused.
     */
    @Override
    void leave() {
      if (!used) {
        return;
      }
      if (!guard.tryEnter()) {
        waits = false;
        return;
      }
      try {
        release();
      } finally {
        guard.exit();
      }
    }

    @Override
    @Nullable ByteBuffer look() throws IOException {
      ByteBuffer there = ahead == null ? super.look() : SOMETHING;
      if (there != null) {
        return there;
      }
      if (!guard.tryEnter()) {
        return NOTHING;
      }
      try {
        // A last frame without its end must be asked for.
        return cutter.holds() ? SOMETHING : null;
      } finally {
        guard.exit();
      }
    }
  }

  @Override
  public String toString() {
    return "frames of " + source.name() + ", " + framing;
  }
}
