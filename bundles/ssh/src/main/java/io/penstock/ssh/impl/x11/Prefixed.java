// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.x11;

import io.penstock.spi.SourceDriver;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.locks.ReentrantLock;

/** A source before which something was put back. */
public final class Prefixed implements SourceDriver {
  private final SourceDriver rest;

  private final ReentrantLock lock = new ReentrantLock();
  // Guarded by the lock.
  private final ByteBuffer first;

  /**
   * A source.
   *
   * @param first comes first; not copied
   * @param rest comes then
   */
  public Prefixed(byte[] first, SourceDriver rest) {
    this.first = ByteBuffer.wrap(first);
    this.rest = rest;
  }

  private int waiting() {
    lock.lock();
    try {
      return first.remaining();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public int read(ByteBuffer dst) throws IOException {
    lock.lock();
    try {
      int n = Math.min(first.remaining(), dst.remaining());
      if (n > 0) {
        dst.put(first.slice(first.position(), n));
        first.position(first.position() + n);
        return n;
      }
    } finally {
      lock.unlock();
    }
    return rest.read(dst);
  }

  @Override
  public long available() {
    return waiting() + rest.available();
  }

  @Override
  public boolean ended() {
    return waiting() == 0 && rest.ended();
  }

  @Override
  public long dropped() {
    return rest.dropped();
  }

  @Override
  public boolean ready() {
    return waiting() > 0 || rest.ready();
  }

  @Override
  public void onReady(Runnable callback) {
    rest.onReady(callback);
  }

  @Override
  public void close() throws IOException {
    lock.lock();
    try {
      first.position(first.limit());
    } finally {
      lock.unlock();
    }
    rest.close();
  }
}
