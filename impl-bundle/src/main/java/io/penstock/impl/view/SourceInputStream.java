// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.view;

import io.penstock.error.WouldBlockException;
import io.penstock.stream.ByteSource;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.Objects;
import java.util.function.Consumer;

/** A source as a stream. It has no state of its own, so any number of threads may use it. */
public final class SourceInputStream extends InputStream {
  private final ByteSource source;
  private final Consumer<ByteBuffer> unread;
  private final Spare spare = new Spare();

  /**
   * A view.
   *
   * @param unread puts bytes back in front; it copies them
   */
  public SourceInputStream(ByteSource source, Consumer<ByteBuffer> unread) {
    this.source = source;
    this.unread = unread;
  }

  private WouldBlockException nothingNow(long count) {
    return new WouldBlockException(source.name(), "nothing to read now", count);
  }

  @Override
  public int read() throws IOException {
    ByteBuffer one = spare.borrow();
    try {
      int n = source.read(one);
      if (n == 0) {
        throw nothingNow(0);
      }
      return n < 0 ? -1 : one.get(0) & 0xff;
    } finally {
      spare.giveBack(one);
    }
  }

  @Override
  public int read(byte[] bytes, int offset, int length) throws IOException {
    Objects.checkFromIndexSize(offset, length, bytes.length);
    // An empty buffer, too: the source says 0, or that it is closed.
    int n = source.read(ByteBuffer.wrap(bytes, offset, length));
    if (n == 0 && length > 0) {
      throw nothingNow(0);
    }
    return n;
  }

  @Override
  public int readNBytes(byte[] bytes, int offset, int length) throws IOException {
    Objects.checkFromIndexSize(offset, length, bytes.length);
    ByteBuffer dst = ByteBuffer.wrap(bytes, offset, length);
    boolean done = false;
    try {
      while (dst.hasRemaining()) {
        int n = source.read(dst);
        if (n < 0) {
          break;
        }
        if (n == 0) {
          throw nothingNow(dst.position() - offset);
        }
      }
      done = true;
      return dst.position() - offset;
    } finally {
      if (!done) {
        unread.accept(dst.limit(dst.position()).position(offset));
      }
    }
  }

  @Override
  public byte[] readNBytes(int length) throws IOException {
    if (length < 0) {
      throw new IllegalArgumentException("the length is " + length + ", expected 0 or more");
    }
    Gathered gathered = new Gathered();
    boolean done = false;
    try {
      while (gathered.size() < length) {
        int n = gathered.read(source, length - gathered.size());
        if (n < 0) {
          break;
        }
        if (n == 0) {
          throw nothingNow(gathered.size());
        }
      }
      done = true;
      return gathered.toArray();
    } finally {
      if (!done) {
        unread.accept(gathered.bytes());
      }
    }
  }

  /** Waits for the first byte at most, and skips what is there. */
  @Override
  public long skip(long count) throws IOException {
    if (count <= 0) {
      return 0;
    }
    ByteBuffer one = spare.borrow();
    int first;
    try {
      first = source.read(one);
    } finally {
      spare.giveBack(one);
    }
    if (first <= 0) {
      return 0;
    }
    long skipped = first;
    while (skipped < count) {
      int max = (int) Math.min(count - skipped, Integer.MAX_VALUE);
      int n;
      try {
        n = source.consume(max, run -> run.position(run.limit()), Wait.none());
      } catch (IOException metAgain) {
        // The next call meets it again; what was skipped must be counted.
        return skipped;
      }
      if (n <= 0) {
        return skipped;
      }
      skipped += n;
    }
    return skipped;
  }

  @Override
  public long transferTo(OutputStream out) throws IOException {
    if (!(out instanceof SinkOutputStream to)) {
      return super.transferTo(out);
    }
    long moved = 0;
    while (true) {
      Wait wait = source.readWait();
      long n = source.transferTo(to.sink(), Long.MAX_VALUE - moved, wait);
      if (n < 0) {
        return moved;
      }
      if (n == 0 && wait.kind() == Wait.Kind.NONE) {
        throw nothingNow(moved);
      }
      moved += n;
    }
  }

  @Override
  public int available() throws IOException {
    if (!source.isOpen()) {
      // The idiom of the JDK's streams, and the contract's: after a local close every call throws.
      return source.read(ByteBuffer.allocate(0));
    }
    return (int) Math.min(source.available(), Integer.MAX_VALUE);
  }

  @Override
  public void close() throws IOException {
    source.close();
  }
}
