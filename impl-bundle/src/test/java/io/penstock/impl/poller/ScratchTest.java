// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.poller;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Handlers are lent the very bytes of a frame, and long frames make no garbage. */
class ScratchTest {
  private static final int LONG = 8000;

  private final Scratch scratch = new Scratch();

  ScratchTest() {
    for (int i = 0; i < Scratch.SIZE; i++) {
      scratch.shared().bytes().put(i, at(i));
    }
  }

  private static byte at(int i) {
    return (byte) (i % 251);
  }

  private ByteBuffer lend(int from, int size) {
    return scratch.lend(scratch.shared().view().limit(from + size).position(from));
  }

  @ParameterizedTest
  @CsvSource({"0,1", "0,1024", "7,1024", "0,1025", "7,1025", "5000,8000", "64511,1025", "0,65536"})
  void aFrameBeginsAtPositionZero(int from, int size) {
    // The handler before, and the reader of what is there, have left their traces.
    lend(from, Math.min(size + 1, Scratch.SIZE - from)).order(ByteOrder.LITTLE_ENDIAN).position(1);
    scratch.shared().bytes().position(17).limit(23);
    ByteBuffer frame = lend(from, size);
    assertTrue(frame.isReadOnly());
    assertEquals(ByteOrder.BIG_ENDIAN, frame.order());
    assertEquals(0, frame.position());
    assertEquals(size, frame.remaining());
    for (int i = 0; i < size; i++) {
      assertEquals(at(from + i), frame.get());
    }
  }

  @Test
  void longFramesThatBeginWhereOthersHaveBegunMakeNoGarbage() {
    ByteBuffer first = lend(0, LONG);
    ByteBuffer second = lend(LONG, LONG);
    assertNotSame(first, second);
    assertSame(first, lend(0, LONG + 1));
    assertSame(second, lend(LONG, Scratch.SIZE - LONG));
  }

  @Test
  void aFrameOfAnotherBufferIsItsOwn() {
    ByteBuffer shared = lend(0, LONG);
    ByteBuffer own = ByteBuffer.allocate(Scratch.SIZE).asReadOnlyBuffer().limit(LONG);
    ByteBuffer frame = scratch.lend(own);
    assertNotSame(shared, frame);
    assertTrue(frame.isReadOnly());
    assertEquals(LONG, frame.capacity());
    assertEquals(0, frame.get(LONG - 1));
  }
}
