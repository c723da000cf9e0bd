// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.channel;

import io.penstock.spi.Memory;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** How much a channel holds of the memory for buffers. Safe for use by any thread. */
final class Held {
  private final ReentrantLock lock = new ReentrantLock();
  // Guarded by the lock.
  private long bytes;
  // Written under the lock.
  private volatile @Nullable Memory memory;

  /** Counts how much more is held than before or, below zero, how much less. */
  void count(long change) {
    if (change == 0) {
      return;
    }
    lock.lock();
    try {
      bytes += change;
      Memory mine = memory;
      if (mine != null) {
        mine.count(change, false);
      }
    } finally {
      lock.unlock();
    }
  }

  /** Says whose memory it is from now on. */
  void countTo(Memory next) {
    lock.lock();
    try {
      Memory before = memory;
      if (before != null) {
        before.close();
      }
      next.count(bytes, false);
      memory = next;
    } finally {
      lock.unlock();
    }
  }

  /** The memory, if there is none left of it. */
  @Nullable Memory spent() {
    Memory mine = memory;
    return mine == null || mine.piece(1) > 0 ? null : mine;
  }
}
