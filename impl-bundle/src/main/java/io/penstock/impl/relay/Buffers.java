// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.relay;

import java.nio.ByteBuffer;
import java.util.concurrent.ArrayBlockingQueue;

/**
 * Direct buffers that directions borrow only while they hold bytes, so that a thousand idle ones
 * cost none.
 */
final class Buffers {
  private static final int KEPT = 16;

  private final int size;
  private final ArrayBlockingQueue<ByteBuffer> free = new ArrayBlockingQueue<>(KEPT);

  Buffers(int size) {
    this.size = size;
  }

  /** How large they are. */
  int size() {
    return size;
  }

  ByteBuffer borrow() {
    ByteBuffer buffer = free.poll();
    return buffer == null ? ByteBuffer.allocateDirect(size) : buffer.clear();
  }

  void giveBack(ByteBuffer buffer) {
    // When enough are kept the collector takes it.
    if (!free.offer(buffer)) {
      buffer.clear();
    }
  }
}
