// SPDX-License-Identifier: Apache-2.0
package io.penstock.tls;

import io.penstock.spi.Memory;
import java.nio.ByteBuffer;
import tlschannel.BufferAllocator;

/**
 * The buffers that one connection has borrowed. The buffers that it still has when its lock is
 * released are counted; a buffer that is borrowed and given back within one call costs nothing.
 * Guarded by the lock of the connection.
 */
final class Borrowed implements BufferAllocator {
  private final BufferStock buffers;
  private Memory memory;
  private long inHeap;
  private long outside;
  private long countedInHeap;
  private long countedOutside;

  Borrowed(BufferStock buffers, Memory memory) {
    this.buffers = buffers;
    this.memory = memory;
  }

  /** Whether little should be taken at once. */
  boolean scarce() {
    return buffers.scarce() || memory.piece(BufferStock.BATCH) < BufferStock.BATCH;
  }

  /** As {@link BufferStock#transport} says. */
  ByteBuffer transport(int size) {
    return taken(buffers.transport(size));
  }

  /** As {@link BufferStock#record} says. */
  ByteBuffer record() {
    return taken(buffers.record());
  }

  @Override
  public ByteBuffer allocate(int size) {
    return taken(buffers.allocate(size));
  }

  private ByteBuffer taken(ByteBuffer buffer) {
    add(buffer, buffer.capacity());
    return buffer;
  }

  private void add(ByteBuffer buffer, int change) {
    if (buffer.isDirect()) {
      outside += change;
    } else {
      inHeap += change;
    }
  }

  @Override
  public void free(ByteBuffer buffer) {
    add(buffer, -buffer.capacity());
    buffers.free(buffer);
  }

  /** Counts what there is now. */
  void settle() {
    if (inHeap != countedInHeap) {
      memory.count(inHeap - countedInHeap, false);
      countedInHeap = inHeap;
    }
    if (outside != countedOutside) {
      memory.count(outside - countedOutside, true);
      countedOutside = outside;
    }
  }

  /** Counts to other memory from now on. */
  void countTo(Memory next) {
    memory.close();
    memory = next;
    countedInHeap = 0;
    countedOutside = 0;
    settle();
  }

  /** Counts nothing any more; the library may keep a part of a record. */
  void close() {
    memory.close();
  }
}
