// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.poller;

import java.nio.ByteBuffer;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * What one poller's sources share instead of each having its own: the buffer that is read into, the
 * one that short frames are lent in, and the lock over what was read. Used by the polling thread,
 * except where said.
 */
final class Scratch {
  /** How much is read at once, in bytes. */
  static final int SIZE = 64 * 1024;

  /** How much is read from one source, in bytes, before the others have their turn. */
  static final int SHARE = 4 * SIZE;

  /** Frames up to so many bytes are copied: cheaper than the garbage that a view of each makes. */
  private static final int SHORT = 1024;

  /** Guards every {@link Backlog} against threads that unregister meanwhile. */
  final ReentrantLock lock = new ReentrantLock();

  /** Signalled when bytes were given back. */
  final Condition settled = lock.newCondition();

  private final ByteBuffer lent = ByteBuffer.allocate(SHORT);
  private final ByteBuffer lentView = lent.asReadOnlyBuffer();
  private @Nullable ByteBuffer shared;
  private @Nullable ByteBuffer view;

  /** The buffer that is read into; it exists from the first read. */
  ByteBuffer shared() {
    ByteBuffer buffer = shared;
    if (buffer == null) {
      buffer = ByteBuffer.allocateDirect(SIZE);
      shared = buffer;
      view = buffer.asReadOnlyBuffer();
    }
    return buffer;
  }

  /** The same bytes, read-only and with a position and a limit of its own. */
  ByteBuffer view() {
    shared();
    ByteBuffer buffer = view;
    if (buffer == null) {
      throw new IllegalStateException("the shared buffer has no view");
    }
    return buffer;
  }

  /** A frame to lend: read-only, from position 0, without the bytes around it. */
  ByteBuffer lend(ByteBuffer from, int start, int size) {
    if (size <= SHORT) {
      lent.put(0, from, start, size);
      return lentView.clear().limit(size);
    }
    return from.slice(start, size).asReadOnlyBuffer();
  }
}
