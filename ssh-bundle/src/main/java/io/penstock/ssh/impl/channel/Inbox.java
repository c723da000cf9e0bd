// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.channel;

import io.penstock.error.StreamClosedException;
import io.penstock.spi.SourceDriver;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongConsumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What has come in one stream and was not read yet. The peer gets credit for a byte when somebody
 * takes it, so the window is the bound of what waits here.
 */
public final class Inbox implements SourceDriver {
  private final Supplier<String> name;
  private final LongConsumer credit;
  private volatile Runnable ready = () -> {};

  private final ReentrantLock lock = new ReentrantLock();
  // All guarded by the lock.
  private final Queue<ByteBuffer> chunks = new ArrayDeque<>();
  private long waiting;
  private long dropped;
  private boolean ended;
  private boolean closed;
  private @Nullable IOException failure;

  /**
   * An empty one.
   *
   * @param name for errors
   * @param credit is told, with no lock held, how many bytes were taken
   */
  Inbox(Supplier<String> name, LongConsumer credit) {
    this.name = name;
    this.credit = credit;
  }

  // ---- from the peer

  /** Keeps a copy of what has come. */
  void put(byte[] data, int offset, int length) {
    byte[] copy = new byte[length];
    System.arraycopy(data, offset, copy, 0, length);
    if (!keep(ByteBuffer.wrap(copy))) {
      // The peer must not be stalled by what nobody wants.
      credit.accept(length);
    }
    ready.run();
  }

  private boolean keep(ByteBuffer chunk) {
    lock.lock();
    try {
      if (closed) {
        dropped += chunk.remaining();
        return false;
      }
      waiting += chunk.remaining();
      chunks.add(chunk);
      return true;
    } finally {
      lock.unlock();
    }
  }

  /** Hands everything that waits over to the end of another. */
  void moveTo(Inbox other) {
    Queue<ByteBuffer> moved;
    lock.lock();
    try {
      moved = new ArrayDeque<>(chunks);
      chunks.clear();
      waiting = 0;
    } finally {
      lock.unlock();
    }
    for (ByteBuffer chunk : moved) {
      int length = chunk.remaining();
      if (!other.keep(chunk)) {
        credit.accept(length);
      }
    }
    other.ready.run();
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
      unread = waiting;
      dropped += unread;
      waiting = 0;
      chunks.clear();
    } finally {
      lock.unlock();
    }
    credit.accept(unread);
  }
}
