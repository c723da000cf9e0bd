// SPDX-License-Identifier: Apache-2.0
package io.penstock.tls;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import tlschannel.impl.TlsChannelImpl;

/** What TLS borrows when memory outside the heap is short. */
class BufferStockTest {
  private static final int SHARE = 8 * BufferStock.BATCH;

  private final AtomicInteger tries = new AtomicInteger();

  @Test
  void whatIsHeldOutsideTheHeapStaysWithinTheShare() {
    BufferStock buffers = new BufferStock(this::counted, SHARE);
    List<ByteBuffer> held = borrow(buffers, 100, BufferStock.BATCH);
    long outside = held.stream().filter(ByteBuffer::isDirect).mapToLong(ByteBuffer::capacity).sum();
    assertAll(
        () -> assertEquals(SHARE, outside),
        () -> assertTrue(buffers.scarce()),
        () -> assertTrue(held.stream().allMatch(one -> one.capacity() >= BufferStock.BATCH)));

    held.forEach(buffers::free);
    assertTrue(borrow(buffers, 8, BufferStock.BATCH).stream().allMatch(ByteBuffer::isDirect));
  }

  /** The library keeps what it has first for good, and doubles it as far as it needs. */
  @Test
  void theFirstBufferOfTheLibraryIsSmallAndGrows() {
    BufferStock buffers = new BufferStock();
    int first = buffers.allocate(TlsChannelImpl.buffersInitialSize).capacity();
    assertTrue(first <= 512, first + " bytes");
    for (int size = first; size < BufferStock.RECORD; ) {
      int asked = Math.min(2 * size, BufferStock.RECORD);
      size = buffers.allocate(asked).capacity();
      assertEquals(asked, size);
    }
  }

  @Test
  void whatIsDroppedMakesRoomForOthers() {
    BufferStock buffers = new BufferStock(this::counted, 40L * BufferStock.BATCH);
    // More than is kept in stock.
    List<ByteBuffer> held = borrow(buffers, 40, BufferStock.BATCH);
    assertTrue(buffers.scarce());
    held.forEach(buffers::free);
    assertFalse(buffers.scarce());
  }

  @Test
  void aFailureIsNotTriedAgainAndAgain() {
    BufferStock buffers =
        new BufferStock(
            size -> {
              tries.incrementAndGet();
              throw new OutOfMemoryError("direct");
            },
            SHARE);
    List<ByteBuffer> held = borrow(buffers, 50, 2 * BufferStock.RECORD);
    assertAll(
        () -> assertEquals(1, tries.get()),
        () -> assertTrue(buffers.scarce()),
        () -> assertTrue(held.stream().noneMatch(ByteBuffer::isDirect)));
  }

  private ByteBuffer counted(int size) {
    tries.incrementAndGet();
    return ByteBuffer.allocateDirect(size);
  }

  private static List<ByteBuffer> borrow(BufferStock buffers, int count, int size) {
    List<ByteBuffer> held = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      held.add(buffers.transport(size));
    }
    return held;
  }
}
