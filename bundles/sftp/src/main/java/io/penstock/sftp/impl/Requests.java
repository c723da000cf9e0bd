// SPDX-License-Identifier: Apache-2.0
package io.penstock.sftp.impl;

import io.penstock.error.BrokenPipeException;
import io.penstock.spi.SinkDriver;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** The bytes of the client, cut into messages. */
final class Requests implements SinkDriver {
  /** The longest message that is allowed, without the four bytes that say how long it is. */
  static final int LONGEST = 256 * 1024;

  private static final int LENGTH = Integer.BYTES;
  private static final int SMALLEST = 4 * 1024;

  private final String name;
  private final Runnable arrived;
  private volatile Runnable ready = () -> {};

  private final ReentrantLock lock = new ReentrantLock();
  // All guarded by the lock.
  private byte[] bytes = new byte[SMALLEST];
  private int from;
  private int to;
  private boolean ended;
  private boolean finished;
  private long dropped;

  /**
   * Empty.
   *
   * @param arrived told, with no lock held, that there is something new
   */
  Requests(String name, Runnable arrived) {
    this.name = name;
    this.arrived = arrived;
  }

  /**
   * Takes a message.
   *
   * @return with its length in front; null if there is none yet
   * @throws IOException if it is longer than allowed
   */
  byte @Nullable [] next() throws IOException {
    byte[] message;
    lock.lock();
    try {
      int length = to - from < LENGTH ? 0 : length();
      if (to - from >= LENGTH && (length < 1 || length > LONGEST)) {
        throw new IOException(
            name + ": a message of " + length + " bytes is announced, expected 1 to " + LONGEST);
      }
      if (!isWhole()) {
        return null;
      }
      message = Arrays.copyOfRange(bytes, from, from + LENGTH + length);
      from += LENGTH + length;
      if (from == to) {
        from = 0;
        to = 0;
      }
    } finally {
      lock.unlock();
    }
    ready.run();
    return message;
  }

  private int length() {
    return ByteBuffer.wrap(bytes, from, LENGTH).getInt();
  }

  private boolean isWhole() {
    return to - from >= LENGTH && to - from - LENGTH >= length();
  }

  /** Whether no further bytes can come. */
  boolean hasEnded() {
    lock.lock();
    try {
      return ended;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Messages are no longer taken.
   *
   * @param failed whether those that are here would have been served otherwise
   */
  void finish(boolean failed) {
    lock.lock();
    try {
      finished = true;
      if (failed) {
        dropped += to - from;
      }
      bytes = new byte[0];
      from = 0;
      to = 0;
    } finally {
      lock.unlock();
    }
    ready.run();
  }

  // ---- for the product

  @Override
  public int write(ByteBuffer src) throws IOException {
    int n;
    lock.lock();
    try {
      if (finished) {
        throw new BrokenPipeException(name, "the server has ended", 0);
      }
      n = Math.min(src.remaining(), LENGTH + LONGEST - (to - from));
      makeRoom(n);
      src.get(bytes, to, n);
      to += n;
    } finally {
      lock.unlock();
    }
    if (n > 0) {
      arrived.run();
    }
    return n;
  }

  private void makeRoom(int n) {
    if (bytes.length - to >= n) {
      return;
    }
    int present = to - from;
    byte[] target = bytes;
    if (bytes.length < present + n) {
      int size = Math.min(LENGTH + LONGEST, Math.max(present + n, 2 * bytes.length));
      target = new byte[size];
    }
    System.arraycopy(bytes, from, target, 0, present);
    bytes = target;
    from = 0;
    to = present;
  }

  @Override
  public void end() {
    lock.lock();
    try {
      ended = true;
    } finally {
      lock.unlock();
    }
    arrived.run();
  }

  @Override
  public long pending() {
    lock.lock();
    try {
      return (long) to - from;
    } finally {
      lock.unlock();
    }
  }

  /** Requests that came in whole are still served. */
  @Override
  public long unsent() {
    lock.lock();
    try {
      return isWhole() ? (long) to - from : 0;
    } finally {
      lock.unlock();
    }
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
  public boolean ready() {
    lock.lock();
    try {
      return finished || to - from < LENGTH + LONGEST;
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
    end();
  }
}
