// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.server;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.SelectionKey;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * What a poller owes its users for each line, and nothing else. The user chooses what cuts lines,
 * how long they may be and what handles them. A line is lent as a copy that can only be read.
 * Another thread can take the connection away, pause or close it between two lines.
 */
final class LentLines {
  private static final int MAX = 64 * 1024;
  private static final int SHORT = 1024;

  private final ByteBuffer window;
  private final ByteBuffer lent = ByteBuffer.allocateDirect(SHORT);
  private final ByteBuffer view = lent.asReadOnlyBuffer();

  /** Lends what is in a buffer. */
  LentLines(ByteBuffer bytes) {
    this.window = bytes.asReadOnlyBuffer();
  }

  private ByteBuffer copy() {
    int size = window.remaining();
    if (size > SHORT) {
      return window.slice().asReadOnlyBuffer();
    }
    lent.put(0, window, window.position(), size);
    return view.clear().limit(size).order(ByteOrder.BIG_ENDIAN);
  }

  /** Cuts lines. */
  interface Cutter {
    /** How many bytes the first line has; 0 when none is there. */
    int cut(ByteBuffer bytes);

    /** Narrows a line to what is handed on. */
    void strip(ByteBuffer line);
  }

  /** Handles lines. */
  interface Handler {
    /** Handles a line, which is lent for the call. */
    void data(Lender lender, ByteBuffer line) throws IOException;
  }

  private static final class LineFeeds implements Cutter {
    private static final long ONES = 0x0101010101010101L;
    private static final long TOPS = 0x8080808080808080L;

    private final byte feed;
    private final boolean kept;
    private int seen;

    LineFeeds(byte feed, boolean kept) {
      this.feed = feed;
      this.kept = kept;
    }

    @Override
    public int cut(ByteBuffer bytes) {
      int start = bytes.position();
      int there = Math.min(bytes.remaining(), MAX);
      if (there <= seen && there == MAX) {
        throw new IllegalStateException("no line within " + MAX + " bytes");
      }
      int at = find(bytes.order(ByteOrder.LITTLE_ENDIAN), start + seen, start + there);
      bytes.order(ByteOrder.BIG_ENDIAN);
      seen = at < 0 ? there : 0;
      return at < 0 ? 0 : at + 1 - start;
    }

    private int find(ByteBuffer bytes, int from, int to) {
      int at = from;
      for (; at <= to - Long.BYTES; at += Long.BYTES) {
        long word = bytes.getLong(at) ^ (feed & 0xffL) * ONES;
        long hit = word - ONES & ~word & TOPS;
        if (hit != 0) {
          return at + (Long.numberOfTrailingZeros(hit) >>> 3);
        }
      }
      for (; at < to; at++) {
        if (bytes.get(at) == feed) {
          return at;
        }
      }
      return -1;
    }

    @Override
    public void strip(ByteBuffer line) {
      if (!kept) {
        line.limit(line.limit() - 1);
      }
    }
  }

  /** Lends the lines of one connection. */
  static final class Lender {
    private final LentLines all;
    private final SelectionKey key;
    private final Cutter cutter = new LineFeeds((byte) '\n', true);

    /** Where the first byte is that was not lent; below zero once the connection is taken away. */
    private final AtomicInteger start = new AtomicInteger();

    private final AtomicBoolean writing = new AtomicBoolean();
    private volatile boolean gone;
    private volatile boolean paused;
    private volatile boolean closed;
    private int events;
    private boolean calling;
    private long delivered;

    /** A lender for the connection of a key. */
    Lender(LentLines all, SelectionKey key) {
      this.all = all;
      this.key = key;
    }

    SelectionKey key() {
      return key;
    }

    boolean beginWrite() {
      return writing.compareAndSet(false, true);
    }

    void endWrite() {
      writing.set(false);
    }

    /**
     * Lends all lines from the beginning of the buffer.
     *
     * @param end of what is there
     * @return where the rest begins
     */
    int lend(int end, Handler handler) throws IOException {
      events = 0;
      checkNotStopped();
      start.set(0);
      ByteBuffer window = all.window;
      int first = 0;
      while (first < end) {
        window.limit(end).position(first);
        int size = cutter.cut(window);
        if (size <= 0) {
          break;
        }
        if (size > end - first) {
          throw new IllegalStateException("a line of more than there is");
        }
        window.limit(first + size).position(first);
        cutter.strip(window);
        if (window.position() < first || window.limit() > first + size) {
          throw new IllegalStateException("a line with bytes outside of it");
        }
        if (!start.compareAndSet(first, first + size)) {
          throw new IllegalStateException("a connection was taken away, which nothing here does");
        }
        delivered += size;
        ByteBuffer line = all.copy();
        events++;
        calling = true;
        handler.data(this, line);
        calling = false;
        checkNotStopped();
        first += size;
      }
      return first;
    }

    private void checkNotStopped() {
      if (gone || closed || paused || start.get() < 0 || events == Integer.MAX_VALUE) {
        throw new IllegalStateException(this + " was stopped, which nothing here does");
      }
    }

    @Override
    public String toString() {
      return delivered + " bytes lent" + (calling ? ", within a call" : "");
    }
  }
}
