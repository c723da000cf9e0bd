// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.relay;

import io.penstock.impl.engine.Account;
import io.penstock.impl.engine.Budget;
import io.penstock.impl.engine.Budgets;
import io.penstock.impl.posix.PosixAccess;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Direct buffers that directions borrow only while they hold bytes, so that a thousand idle ones
 * cost none. While memory is scarce they are small, and when there is none no direction gets one.
 */
final class BufferPool {
  private static final int KEPT = 16;

  private final int size;
  private final Budgets budgets;
  private final PosixAccess posix;
  private final List<Budget> limits;
  private final List<Budget> asked;
  private final Kept free = new Kept();
  private final Kept freeSmall = new Kept();
  // The last time Java was asked, it had no memory outside the heap.
  private volatile boolean failed;

  /**
   * Makes none yet.
   *
   * @param relay the limit of the relay
   */
  BufferPool(int size, Budgets budgets, Budget relay, Relays.Means means) {
    Budget[] own = {relay, means.memory()};
    this.size = size;
    this.budgets = budgets;
    this.posix = means.posix();
    this.limits = budgets.outside(own);
    // What is read may go on to memory in the heap.
    this.asked = budgets.anywhere(own);
  }

  /** How large they are. */
  int size() {
    return size;
  }

  /** Makes native calls, by which bytes go without a buffer. */
  PosixAccess posix() {
    return posix;
  }

  Account account(Account.Holder holder) {
    return budgets.account(holder, limits);
  }

  /** Returns null when there is no memory; then {@link #whenRoom} tells of some. */
  @Nullable ByteBuffer borrow() {
    int piece = budgets.piece(size, asked);
    if (piece == 0) {
      return null;
    }
    ByteBuffer buffer = pool(piece).take();
    return buffer == null ? fresh(piece) : buffer.clear();
  }

  private @Nullable ByteBuffer fresh(int piece) {
    try {
      ByteBuffer buffer = ByteBuffer.allocateDirect(piece);
      failed = false;
      return buffer;
    } catch (OutOfMemoryError e) {
      if (!String.valueOf(e.getMessage()).toLowerCase(Locale.ROOT).contains("direct")) {
        throw e;
      }
      // Others have used up what Java may have outside the heap; the heap is all right.
      budgets.directFailed();
      failed = true;
      return null;
    }
  }

  /** Runs a task once, when a buffer may be had. */
  void whenRoom(Runnable task) {
    if (failed) {
      // The limits have room: the task would come back at once, and have Java collect garbage.
      budgets.whenLooked(task);
    } else {
      budgets.whenRoom(task, asked);
    }
  }

  void giveBack(ByteBuffer buffer) {
    pool(buffer.capacity()).keep(buffer);
  }

  private Kept pool(int capacity) {
    return capacity == size ? free : freeSmall;
  }

  /** The last one that came back goes first: it is the one in the processor's cache. */
  private static final class Kept {
    private final ReentrantLock lock = new ReentrantLock();
    private final ArrayDeque<ByteBuffer> buffers = new ArrayDeque<>(KEPT);

    @Nullable ByteBuffer take() {
      lock.lock();
      try {
        return buffers.pollFirst();
      } finally {
        lock.unlock();
      }
    }

    void keep(ByteBuffer buffer) {
      lock.lock();
      try {
        // When enough are kept the collector takes it.
        if (buffers.size() < KEPT) {
          buffers.addFirst(buffer);
        }
      } finally {
        lock.unlock();
      }
    }
  }
}
