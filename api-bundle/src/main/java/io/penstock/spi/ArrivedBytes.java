// SPDX-License-Identifier: Apache-2.0
package io.penstock.spi;

import io.penstock.error.StreamClosedException;
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
import org.osgi.annotation.versioning.ProviderType;

/**
 * The bytes of one stream that have come and were not read yet, as a source. It has no limit: the
 * provider stops the peer, for example by a window, and is told how many bytes were taken. The
 * memory for them is at most about twice their number, however small the pieces are. Safe for use
 * by any thread; no method waits.
 */
@ProviderType
public final class ArrivedBytes implements SourceDriver {
  /** Smaller pieces share chunks of up to this. */
  private static final int SMALL = 4096;

  private static final int LEAST = 64;

  private final Supplier<String> name;
  private final LongConsumer taken;
  private final LongConsumer held;
  private volatile Runnable ready = () -> {};

  private final ReentrantLock lock = new ReentrantLock();
  // All guarded by the lock.
  // The bytes that wait in a chunk are those that remain of it.
  private final Deque<ByteBuffer> chunks = new ArrayDeque<>();
  // Whether the last chunk was made here, so that more may be put behind its limit.
  private boolean lastIsOurs;
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
   * @param taken is told, with no lock held, how many bytes were taken, or came and were not wanted
   * @param held counts the memory: how much more is held than before or, below zero, how much less
   */
  public ArrivedBytes(Supplier<String> name, LongConsumer taken, LongConsumer held) {
    this.held = held;
    this.name = name;
    this.taken = taken;
  }

  // ---- from the peer

  /**
   * Keeps a copy of bytes that have come.
   *
   * @param data has them
   * @param offset where they begin
   * @param length how many they are
   */
  public void put(byte[] data, int offset, int length) {
    came(length, keep(data, offset, length));
  }

  /**
   * Keeps bytes that have come.
   *
   * @param chunk has them; nobody else may use it any more
   */
  public void put(ByteBuffer chunk) {
    int length = chunk.remaining();
    boolean kept;
    lock.lock();
    try {
      kept = isWanted(length);
      if (kept) {
        add(chunk, false);
        waiting += length;
      }
    } finally {
      lock.unlock();
    }
    came(length, kept);
  }

  /**
   * Keeps a copy of bytes that have come; {@link #came} has to be called next.
   *
   * @param data has them
   * @param offset where they begin
   * @param length how many they are
   * @return whether they were kept; otherwise they are not wanted
   */
  public boolean keep(byte[] data, int offset, int length) {
    ByteBuffer own =
        length < SMALL ? null : ByteBuffer.wrap(Arrays.copyOfRange(data, offset, offset + length));
    lock.lock();
    try {
      if (!isWanted(length)) {
        return false;
      }
      if (own == null) {
        append(data, offset, length);
      } else {
        add(own, true);
      }
      waiting += length;
      return true;
    } finally {
      lock.unlock();
    }
  }

  /** With the lock held. Bytes that are not wanted count as dropped. */
  private boolean isWanted(long length) {
    if (closed || cut) {
      dropped += length;
      return false;
    }
    return true;
  }

  private void add(ByteBuffer chunk, boolean ours) {
    chunks.add(chunk);
    lastIsOurs = ours;
    held.accept(chunk.capacity());
  }

  private static long sizeOf(Collection<ByteBuffer> some) {
    return some.stream().mapToLong(ByteBuffer::capacity).sum();
  }

  /** With the lock held. A packet may be a byte, or nothing at all. */
  private void append(byte[] data, int offset, int length) {
    ByteBuffer last = chunks.peekLast();
    int fits = 0;
    if (last != null && lastIsOurs) {
      fits = Math.min(length, last.capacity() - last.limit());
      fill(last, data, offset, fits);
    }
    int rest = length - fits;
    if (rest > 0) {
      // In proportion to what waits: a single byte costs little, and many cost little each.
      int size = (int) Math.min(SMALL, Math.max(LEAST, waiting));
      ByteBuffer chunk = ByteBuffer.allocate(Math.max(rest, size)).limit(0);
      fill(chunk, data, offset + fits, rest);
      add(chunk, true);
    }
  }

  private static void fill(ByteBuffer chunk, byte[] data, int offset, int length) {
    int end = chunk.limit();
    System.arraycopy(data, offset, chunk.array(), chunk.arrayOffset() + end, length);
    chunk.limit(end + length);
  }

  /**
   * Tells the reader of bytes that have come.
   *
   * @param length how many
   * @param kept whether they were kept
   */
  public void came(int length, boolean kept) {
    if (length == 0) {
      return;
    }
    if (!kept) {
      // Unwanted bytes must not stall the peer.
      taken.accept(length);
    }
    ready.run();
  }

  /**
   * Puts all waiting bytes behind those of another one of the same connection; {@link #wake} of the
   * other tells its reader.
   *
   * @param other gets them
   * @return how many bytes are not wanted there
   */
  public long moveTo(ArrivedBytes other) {
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
      if (!isWanted(length)) {
        held.accept(-sizeOf(moved));
        return false;
      }
      if (!moved.isEmpty()) {
        chunks.addAll(moved);
        lastIsOurs = false;
      }
      waiting += length;
      return true;
    } finally {
      lock.unlock();
    }
  }

  /** Tells the reader that there may be something new. */
  public void wake() {
    ready.run();
  }

  /** Nothing more comes, after what waits. Only the first of this and {@link #fail} counts. */
  public void end() {
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

  /**
   * The stream was cut, after what waits.
   *
   * @param cause what the reader gets
   */
  public void fail(IOException cause) {
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

  /**
   * What waits is dropped, and each read fails: there is no memory for it any more.
   *
   * @param cause what the reader gets
   */
  public void cut(IOException cause) {
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
    held.accept(-sizeOf(chunks));
    dropped += unread;
    waiting = 0;
    chunks.clear();
    return unread;
  }

  // ---- for the product

  @Override
  public int read(ByteBuffer dst) throws IOException {
    int count = 0;
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
          held.accept(-chunk.capacity());
        }
        count += n;
      }
      waiting -= count;
      if (count == 0) {
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
    taken.accept(count);
    return count;
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
    taken.accept(unread);
  }
}
