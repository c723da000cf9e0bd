// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.stdio;

import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** A descriptor of the process, opened again by its first user, or used as it is. */
abstract class StandardChannel {
  private final int number;
  private final StandardOpenOption way;
  private final ReentrantLock lock = new ReentrantLock();
  // All guarded by the lock.
  private @Nullable FileChannel channel;
  private boolean owned;
  private boolean closed;

  /**
   * Opens nothing yet.
   *
   * @param number 0 or 1
   * @param way to read or to write
   */
  StandardChannel(int number, StandardOpenOption way) {
    this.number = number;
    this.way = way;
  }

  /** Takes the descriptor as it is. */
  abstract FileChannel asItIs();

  /** Looks whether there is a descriptor, before it is opened. */
  void check() throws IOException {}

  final FileChannel open() throws IOException {
    lock.lock();
    try {
      if (closed) {
        throw new ClosedChannelException();
      }
      FileChannel current = channel;
      if (current == null) {
        check();
        current = Reopened.open(number, way);
        owned = current != null;
        if (current == null) {
          current = asItIs();
        }
        channel = current;
      }
      return current;
    } finally {
      lock.unlock();
    }
  }

  /** Closes what was opened again. Returns false when that was done before. */
  final boolean release() throws IOException {
    FileChannel release;
    lock.lock();
    try {
      if (closed) {
        return false;
      }
      closed = true;
      release = owned ? channel : null;
      channel = null;
    } finally {
      lock.unlock();
    }
    if (release != null) {
      release.close();
    }
    return true;
  }
}
