// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.channel;

import io.penstock.error.StreamClosedException;
import io.penstock.spi.SourceDriver;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongConsumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The bytes of one stream that have come and were not read yet. The peer gets credit for a byte
 * when it is taken, so the window bounds the waiting bytes. The memory for them is at most about
 * twice the window, however small the pieces are.
 */
public final class Inbox implements SourceDriver {
  /** Smaller pieces share chunks of up to this. */
  private static final int SMALL = 4096;

  private static final int LEAST = 64;

  private final Supplier<String> name;
  private final LongConsumer credit;
  private final Held held;
  private volatile Runnable ready = () -> {};

  private final ReentrantLock lock = new ReentrantLock();
  // All guarded by the lock.
  // The bytes that wait in a chunk are those that remain of it; behind its limit there may be room
  // for more.
  private final Deque<ByteBuffer> chunks = new ArrayDeque<>();
  private long waiting;
  private long dropped;
  private boolean ended;
  private boolean closed;
  private boolean cut;
  private @Nullable IOException failure;

  /**
   * An empty one.
   *
   * @param name for errors
   * @param credit is told, with no lock held, how many bytes were taken
   * @param held counts the memory of what waits
   */
  Inbox(Supplier<String> name, LongConsumer credit, Held held) {
    this.held = held;
    this.name = name;
    this.credit = credit;
  }

  // ---- from the peer

  /** Keeps a copy of what has come. */
  void put(byte[] data, int offset, int length) {
    came(length, keep(data, offset, length));
  }

  /**
   * Keeps a copy; {@link #came} tells the reader.
   *
   * @return whether it was kept; otherwise it is not wanted
   */
  boolean keep(byte[] data, int offset, int length) {
    ByteBuffer own =
        length < SMALL ? null : ByteBuffer.wrap(Arrays.copyOfRange(data, offset, offset + length));
    lock.lock();
    try {
      if (closed || cut) {
        dropped += length;
        return false;
      }
      if (own == null) {
        append(data, offset, length);
      } else {
        add(own);
      }
      waiting += length;
      return true;
    } finally {
      lock.unlock();
    }
  }

  private void add(ByteBuffer chunk) {
    chunks.add(chunk);
    held.count(chunk.capacity());
  }

  private static long sizeOf(Collection<ByteBuffer> some) {
    return some.stream().mapToLong(ByteBuffer::capacity).sum();
  }

  /** With the lock held. A packet may be a byte, or nothing at all. */
  private void append(byte[] data, int offset, int length) {
    ByteBuffer last = chunks.peekLast();
    int fits = last == null ? 0 : Math.min(length, last.capacity() - last.limit());
    if (last != null) {
      fill(last, data, offset, fits);
    }
    int rest = length - fits;
    if (rest > 0) {
      // In proportion to what waits: a single byte costs little, and many cost little each.
      int size = (int) Math.min(SMALL, Math.max(LEAST, waiting));
      ByteBuffer chunk = ByteBuffer.allocate(Math.max(rest, size)).limit(0);
      fill(chunk, data, offset + fits, rest);
      add(chunk);
    }
  }

  private static void fill(ByteBuffer chunk, byte[] data, int offset, int length) {
    int end = chunk.limit();
    System.arraycopy(data, offset, chunk.array(), chunk.arrayOffset() + end, length);
    chunk.limit(end + length);
  }

  /** Tells of what has come, with no lock held. */
  void came(int length, boolean kept) {
    if (length == 0) {
      return;
    }
    if (!kept) {
      // Unwanted bytes must not stall the peer.
      credit.accept(length);
    }
    ready.run();
  }

  /**
   * Hands all waiting bytes over to the end of another inbox, without a notification.
   *
   * @return how many bytes are not wanted there
   */
  long moveTo(Inbox other) {
    List<ByteBuffer> moved;
    long length;
    lock.lock();
    try {
      moved = new ArrayList<>(chunks);
      length = waiting;
      chunks.clear();
      waiting = 0;
    } finally {
      lock.unlock();
    }
    // It stays counted: both are of one channel.
    return other.keep(moved, length) ? 0 : length;
  }

  private boolean keep(List<ByteBuffer> moved, long length) {
    lock.lock();
    try {
      if (closed || cut) {
        held.count(-sizeOf(moved));
        dropped += length;
        return false;
      }
      chunks.addAll(moved);
      waiting += length;
      return true;
    } finally {
      lock.unlock();
    }
  }

  /** There may be something new. */
  void wake() {
    ready.run();
  }

  /** Nothing more comes, after what waits. Only the first of this and {@link #fail} counts. */
  void end() {
    lock.lock();
    try {
      if (failure == null) {
        ended = true;
      }
    } finally {
      lock.unlock();
    }
    ready.run();
  }

  /** The stream was cut, after what waits. */
  void fail(IOException cause) {
    lock.lock();
    try {
      if (!ended && failure == null) {
        failure = cause;
      }
    } finally {
      lock.unlock();
    }
    ready.run();
  }

  /** What waits is dropped, and each read fails: there is no memory for it any more. */
  void cut(IOException cause) {
    lock.lock();
    try {
      if (closed || cut) {
        return;
      }
      cut = true;
      ended = false;
      failure = cause;
      drop();
    } finally {
      lock.unlock();
    }
    ready.run();
  }

  /** With the lock held. Returns how many bytes have waited. */
  private long drop() {
    long unread = waiting;
    held.count(-sizeOf(chunks));
    dropped += unread;
    waiting = 0;
    chunks.clear();
    return unread;
  }

  // ---- for the product

  @Override
  public int read(ByteBuffer dst) throws IOException {
    int taken = 0;
    lock.lock();
    try {
      while (dst.hasRemaining()) {
        ByteBuffer chunk = chunks.peek();
        if (chunk == null) {
          break;
        }
        int n = Math.min(chunk.remaining(), dst.remaining());
        dst.put(dst.position(), chunk, chunk.position(), n).position(dst.position() + n);
        chunk.position(chunk.position() + n);
        if (!chunk.hasRemaining()) {
          chunks.remove();
          held.count(-chunk.capacity());
        }
        taken += n;
      }
      waiting -= taken;
      if (taken == 0) {
        if (closed) {
          throw new StreamClosedException(name.get());
        }
        if (failure != null) {
          throw failure;
        }
        return ended ? -1 : 0;
      }
    } finally {
      lock.unlock();
    }
    credit.accept(taken);
    return taken;
  }

  @Override
  public long available() {
    lock.lock();
    try {
      return waiting;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public boolean ended() {
    lock.lock();
    try {
      return ended && waiting == 0;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public boolean ready() {
    lock.lock();
    try {
      return waiting > 0 || ended || closed || failure != null;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void onReady(Runnable callback) {
    ready = callback;
  }

  @Override
  public long dropped() {
    lock.lock();
    try {
      return dropped;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void close() {
    long unread;
    lock.lock();
    try {
      if (closed) {
        return;
      }
      closed = true;
      unread = drop();
    } finally {
      lock.unlock();
    }
    credit.accept(unread);
  }
}
