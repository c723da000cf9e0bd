// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.view;

import io.penstock.error.NotSupportedException;
import io.penstock.error.StreamClosedException;
import io.penstock.error.StreamTimeoutException;
import io.penstock.stream.ByteSource;
import io.penstock.stream.PeekSource;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A source whose beginning is in memory, until that is given back. */
public final class PeekView implements PeekSource {
  private static final int FIRST = 8192;
  private static final ByteBuffer NOTHING = ByteBuffer.allocate(0).asReadOnlyBuffer();

  private final ByteSource source;
  private final Consumer<ByteBuffer> unread;
  private final OneAtATime guard;
  private final boolean whole;
  private final int size;
  private byte[] ahead;
  private long position;
  private volatile boolean closed;

  /**
   * Reads ahead.
   *
   * @param unread puts bytes back in front; it copies them
   */
  public PeekView(ByteSource source, Consumer<ByteBuffer> unread, int limit, Wait wait)
      throws IOException {
    if (limit < 0) {
      throw new IllegalArgumentException("the limit is " + limit + ", expected 0 or more");
    }
    Objects.requireNonNull(wait, "wait");
    if (!source.isOpen()) {
      throw new StreamClosedException(source.name());
    }
    this.source = source;
    this.unread = unread;
    this.guard = new OneAtATime("a peek source of " + source.name());
    byte[] bytes = new byte[Math.min(limit, FIRST)];
    int got = 0;
    boolean end = false;
    while (got < limit) {
      if (got == bytes.length) {
        bytes = Arrays.copyOf(bytes, (int) Math.min(limit, 2L * bytes.length));
      }
      int n;
      try {
        n = source.read(ByteBuffer.wrap(bytes, got, bytes.length - got), wait);
      } catch (StreamTimeoutException | InterruptedIOException over) {
        // The wait is over, which is no error; an interrupted thread has its flag still set.
        break;
      } catch (IOException metAgain) {
        // The read meets it again, after what was read ahead.
        break;
      }
      if (n <= 0) {
        end = n < 0;
        break;
      }
      got += n;
    }
    this.whole = end;
    this.size = got;
    this.ahead = bytes;
  }

  @Override
  public String name() {
    return source.name();
  }

  private void checkOpen() throws StreamClosedException {
    if (!isOpen()) {
      throw new StreamClosedException(source.name());
    }
  }

  @Override
  public ByteBuffer peek(int max) throws IOException {
    if (max < 0) {
      throw new IllegalArgumentException("max is " + max + ", expected 0 or more");
    }
    guard.enter();
    try {
      checkOpen();
      int left = left();
      return left == 0
          ? NOTHING.duplicate()
          : ByteBuffer.wrap(ahead, (int) position, Math.min(max, left)).slice().asReadOnlyBuffer();
    } finally {
      exit();
    }
  }

  /** How many of the bytes in memory are ahead of the position. */
  private int left() {
    return (int) Math.max(0, size - position);
  }

  @Override
  public OptionalLong length() {
    return whole ? OptionalLong.of(size) : OptionalLong.empty();
  }

  @Override
  public boolean seekable() {
    return whole;
  }

  private void checkSeekable(String what) throws IOException {
    checkOpen();
    if (!whole) {
      throw new NotSupportedException(
          name(), what, "only a source that fits in the limit of the peek, with its end, has this");
    }
  }

  @Override
  public void seek(long offset, From from) throws IOException {
    Objects.requireNonNull(from, "from");
    guard.enter();
    try {
      checkSeekable("seeking");
      long base =
          switch (from) {
            case START -> 0;
            case CURRENT -> position;
            case END -> size;
          };
      long target;
      try {
        target = Math.addExact(base, offset);
      } catch (ArithmeticException e) {
        throw new IllegalArgumentException("a position cannot exceed " + Long.MAX_VALUE, e);
      }
      if (target < 0) {
        throw new IllegalArgumentException(
            "the position would be " + target + ", expected 0 or more");
      }
      position = target;
    } finally {
      exit();
    }
  }

  @Override
  public long tell() throws IOException {
    guard.enter();
    try {
      checkSeekable("telling the position");
      return position;
    } finally {
      exit();
    }
  }

  @Override
  public int read(ByteBuffer dst) throws IOException {
    return read0(dst, null);
  }

  @Override
  public int read(ByteBuffer dst, Wait wait) throws IOException {
    return read0(dst, Objects.requireNonNull(wait, "wait"));
  }

  private int read0(ByteBuffer dst, @Nullable Wait wait) throws IOException {
    if (dst.isReadOnly()) {
      throw new IllegalArgumentException("the destination is read-only");
    }
    guard.enter();
    try {
      checkOpen();
      if (!dst.hasRemaining()) {
        return 0;
      }
      int left = left();
      if (left > 0) {
        int n = Math.min(left, dst.remaining());
        dst.put(ahead, (int) position, n);
        position += n;
        if (!whole && n == left) {
          ahead = new byte[0];
        }
        return n;
      }
      if (whole) {
        return -1;
      }
      return wait == null ? source.read(dst) : source.read(dst, wait);
    } finally {
      exit();
    }
  }

  @Override
  public boolean isOpen() {
    return !closed && source.isOpen();
  }

  @Override
  public void close() {
    closed = true;
    giveBack();
  }

  /** Ends a call, and what a close had to leave to it. */
  private void exit() {
    guard.exit();
    if (closed) {
      giveBack();
    }
  }

  /** Puts what was not read in front of the source again, unless a call is under way. */
  private void giveBack() {
    if (!guard.tryEnter()) {
      return;
    }
    try {
      int left = left();
      if (left > 0) {
        // A closed source says how many bytes were dropped, these included.
        unread.accept(ByteBuffer.wrap(ahead, (int) position, left));
        position = size;
      }
      ahead = new byte[0];
    } finally {
      guard.exit();
    }
  }

  @Override
  public String toString() {
    return name() + ", peeked " + size + (whole ? " bytes, all" : " bytes");
  }
}
