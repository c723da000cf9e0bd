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
  // What an iterator has found; with the guard.
  private @Nullable ByteBuffer ahead;

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
    private long since;
    private boolean waits;

    Whole() {
      super(FrameView.this.source);
    }

    @Override
    @Nullable ByteBuffer take() throws IOException {
      guard.enter();
      try {
        stop();
        ByteBuffer kept = takeAhead();
        ByteBuffer frame = kept == null ? cutter.take() : kept;
        if (isNothing(frame)) {
          cutter.checkTime();
        }
        return frame;
      } finally {
        guard.exit();
      }
    }

    private void stop() {
      if (waits) {
        waits = false;
        cutter.waited(access.clock().getAsLong() - since);
      }
    }

    @Override
    long left() {
      waits = true;
      since = access.clock().getAsLong();
      return cutter.left();
    }

    @Override
    void putBack(ByteBuffer piece) {
      cutter.unreadLast();
    }

    @Override
    void leave() {
      stop();
      cutter.giveBack();
    }

    @Override
    @Nullable ByteBuffer look() throws IOException {
      stop();
      ByteBuffer there = ahead == null ? super.look() : SOMETHING;
      // A last frame without its end must be asked for.
      return there == null && cutter.holds() ? SOMETHING : there;
    }
  }

  @Override
  public String toString() {
    return "frames of " + source.name() + ", " + framing;
  }
}
