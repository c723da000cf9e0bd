// SPDX-License-Identifier: Apache-2.0
package io.penstock.sftp.impl;

import io.penstock.error.StreamClosedException;
import io.penstock.spi.SourceDriver;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** The answers of the server that the client has not read yet. */
final class Replies implements SourceDriver {
  /** While so many bytes wait, no further request is served. */
  private static final int ENOUGH = 256 * 1024;

  private final String name;
  private final Runnable taken;
  private volatile Runnable ready = () -> {};

  private final ReentrantLock lock = new ReentrantLock();
  // All guarded by the lock.
  private final Queue<ByteBuffer> chunks = new ArrayDeque<>();
  private long waiting;
  private boolean ended;
  private boolean closed;
  private @Nullable IOException failure;

  /**
   * Empty.
   *
   * @param taken told, with no lock held, that there is room again
   */
  Replies(String name, Runnable taken) {
    this.name = name;
    this.taken = taken;
  }

  boolean hasRoom() {
    lock.lock();
    try {
      return waiting < ENOUGH;
    } finally {
      lock.unlock();
    }
  }

  /** Keeps it. */
  void put(ByteBuffer reply) {
    lock.lock();
    try {
      if (closed) {
        return;
      }
      waiting += reply.remaining();
      chunks.add(reply);
    } finally {
      lock.unlock();
    }
    ready.run();
  }

  /** Nothing more comes, after what waits. */
  void finish(@Nullable IOException cause) {
    lock.lock();
    try {
      ended = cause == null;
      failure = cause;
    } finally {
      lock.unlock();
    }
    ready.run();
  }

  // ---- for the product

  @Override
  public int read(ByteBuffer dst) throws IOException {
    int n = 0;
    boolean room;
    lock.lock();
    try {
      boolean full = waiting >= ENOUGH;
      while (dst.hasRemaining() && !chunks.isEmpty()) {
        ByteBuffer chunk = chunks.element();
        int piece = Math.min(chunk.remaining(), dst.remaining());
        dst.put(dst.position(), chunk, chunk.position(), piece).position(dst.position() + piece);
        chunk.position(chunk.position() + piece);
        if (!chunk.hasRemaining()) {
          chunks.remove();
        }
        n += piece;
      }
      waiting -= n;
      room = full && waiting < ENOUGH;
      if (n == 0) {
        if (closed) {
          throw new StreamClosedException(name);
        }
        if (failure != null) {
          throw failure;
        }
        return ended ? -1 : 0;
      }
    } finally {
      lock.unlock();
    }
    if (room) {
      taken.run();
    }
    return n;
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
  public void close() {
    lock.lock();
    try {
      closed = true;
      chunks.clear();
      waiting = 0;
    } finally {
      lock.unlock();
    }
    taken.run();
  }
}
