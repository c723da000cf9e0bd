// SPDX-License-Identifier: Apache-2.0
package io.penstock.tls;

import java.nio.ByteBuffer;
import java.util.concurrent.ArrayBlockingQueue;
import tlschannel.BufferAllocator;

/**
 * Buffers that connections borrow while they have something in them, so that an idle one holds
 * none. What is not borrowed again soon is not kept: each size has a few in stock at most.
 */
final class Buffers implements BufferAllocator {
  /** Room for one record, whatever its protocol version. */
  static final int RECORD = 17 * 1024;

  /** Room for the records of one system call. */
  static final int BATCH = 272 * 1024;

  private static final int STOCK = 16;

  // For system calls: the JDK would copy a heap buffer once more.
  private final ArrayBlockingQueue<ByteBuffer> small = new ArrayBlockingQueue<>(STOCK);
  private final ArrayBlockingQueue<ByteBuffer> large = new ArrayBlockingQueue<>(STOCK);
  // For ciphers, which work on arrays.
  private final ArrayBlockingQueue<ByteBuffer> records = new ArrayBlockingQueue<>(2 * STOCK);

  /** A direct buffer with at least so much room, for the transport. */
  ByteBuffer transport(int size) {
    if (size > BATCH) {
      return ByteBuffer.allocateDirect(size);
    }
    boolean few = size <= 2 * RECORD;
    ByteBuffer stocked = (few ? small : large).poll();
    return stocked != null ? stocked : ByteBuffer.allocateDirect(few ? 2 * RECORD : BATCH);
  }

  /** A buffer for one decrypted record. */
  ByteBuffer record() {
    ByteBuffer stocked = records.poll();
    return stocked != null ? stocked : ByteBuffer.allocate(RECORD);
  }

  /** Asked by the library for what it encrypts to and decrypts from. */
  @Override
  public ByteBuffer allocate(int size) {
    return size == RECORD ? record() : ByteBuffer.allocate(size);
  }

  /** Takes a buffer back; whoever had it must not touch it again. */
  @Override
  public void free(ByteBuffer buffer) {
    buffer.clear();
    ArrayBlockingQueue<ByteBuffer> home =
        switch (buffer.capacity()) {
          case RECORD -> buffer.isDirect() ? null : records;
          case 2 * RECORD -> buffer.isDirect() ? small : null;
          case BATCH -> buffer.isDirect() ? large : null;
          default -> null;
        };
    if (home != null) {
      // Where there is enough in stock the garbage collector has it.
      boolean unused = home.offer(buffer);
    }
  }
}
