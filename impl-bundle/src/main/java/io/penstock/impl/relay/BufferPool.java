// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.relay;

import io.penstock.impl.engine.Account;
import io.penstock.impl.engine.Budget;
import io.penstock.impl.engine.Budgets;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ArrayBlockingQueue;
import org.jspecify.annotations.Nullable;

/**
 * Direct buffers that directions borrow only while they hold bytes, so that a thousand idle ones
 * cost none. While memory is scarce they are small, and when there is none no direction gets one.
 */
final class BufferPool {
  private static final int KEPT = 16;

  private final int size;
  private final Budgets budgets;
  private final List<Budget> limits;
  private final List<Budget> asked;
  private final ArrayBlockingQueue<ByteBuffer> free = new ArrayBlockingQueue<>(KEPT);
  private final ArrayBlockingQueue<ByteBuffer> freeSmall = new ArrayBlockingQueue<>(KEPT);

  /**
   * Makes none yet.
   *
   * @param own the limits of the relay and its factory
   */
  BufferPool(int size, Budgets budgets, Budget... own) {
    this.size = size;
    this.budgets = budgets;
    this.limits = budgets.outside(own);
    // What is read may go on to memory in the heap.
    this.asked = budgets.anywhere(own);
  }

  /** How large they are. */
  int size() {
    return size;
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
    ByteBuffer buffer = pool(piece).poll();
    return buffer == null ? fresh(piece) : buffer.clear();
  }

  private @Nullable ByteBuffer fresh(int piece) {
    try {
      return ByteBuffer.allocateDirect(piece);
    } catch (OutOfMemoryError e) {
      if (!String.valueOf(e.getMessage()).toLowerCase(Locale.ROOT).contains("direct")) {
        throw e;
      }
      // Others have used up what Java may have outside the heap; the heap is all right.
      budgets.directFailed();
      return null;
    }
  }

  /** Runs a task once, when a buffer may be had. */
  void whenRoom(Runnable task) {
    budgets.whenRoom(task, asked);
  }

  void giveBack(ByteBuffer buffer) {
    // When enough are kept the collector takes it.
    if (!pool(buffer.capacity()).offer(buffer)) {
      buffer.clear();
    }
  }

  private ArrayBlockingQueue<ByteBuffer> pool(int capacity) {
    return capacity == size ? free : freeSmall;
  }
}
