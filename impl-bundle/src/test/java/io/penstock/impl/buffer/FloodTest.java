// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.buffer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** When a ring becomes larger than the capacity, and that nothing is lost by it. */
class FloodTest {
  private static final int KIB = 1024;
  private static final long SOON = Flood.LONGEST_NANOS;
  private static final long LARGE = Flood.WINDOW / Flood.LEAST_WRITE;

  private final Flood flood = new Flood();

  @Test
  void enoughGoesThroughTwice() {
    assertFalse(flood.isDue(Flood.WINDOW - 1));
    assertTrue(flood.isDue(Flood.WINDOW));
    // It may have taken days.
    assertFalse(flood.lasts(Flood.WINDOW, LARGE, 7));
    assertFalse(flood.isDue(2 * Flood.WINDOW - 1));
    assertTrue(flood.isDue(2 * Flood.WINDOW));
    assertTrue(flood.lasts(2 * Flood.WINDOW, 2 * LARGE, 7 + SOON));
  }

  @Test
  void aSlowStreamIsNoFlood() {
    assertFalse(flood.lasts(Flood.WINDOW, LARGE, 0));
    assertFalse(flood.lasts(2 * Flood.WINDOW, 2 * LARGE, SOON + 1));
    assertTrue(flood.lasts(3 * Flood.WINDOW, 3 * LARGE, SOON + 2));
  }

  @Test
  void smallWritesAreNone() {
    assertFalse(flood.lasts(Flood.WINDOW, 0, 0));
    assertFalse(flood.lasts(2 * Flood.WINDOW, LARGE + 1, 1));
    assertTrue(flood.lasts(3 * Flood.WINDOW, 2 * LARGE + 1, 2));
  }

  /** A pipe of 64 KiB, and what it holds. */
  private static final class Counted {
    final AtomicLong held = new AtomicLong();
    final MemoryPipe pipe = new MemoryPipe(64 * KIB, false);
    private final ByteBuffer in = ByteBuffer.allocate(8 * KIB);
    private final ByteBuffer out = ByteBuffer.allocate(8 * KIB);
    private long written;
    private long read;

    Counted() {
      pipe.countTo(held::addAndGet);
    }

    void write() throws IOException {
      in.clear().putLong(0, written).putLong(8 * KIB - 8, ~written);
      assertEquals(8 * KIB, pipe.sink().write(in));
      written++;
    }

    void read() throws IOException {
      assertEquals(8 * KIB, pipe.source().read(out.clear()));
      assertEquals(read, out.getLong(0));
      assertEquals(~read, out.getLong(8 * KIB - 8));
      read++;
    }

    /** With the pipe full each time, so that the ring becomes as large as it can. */
    void move(long bytes) throws IOException {
      for (long moved = 0; moved < bytes; moved += 64 * KIB) {
        for (int i = 0; i < 8; i++) {
          write();
        }
        for (int i = 0; i < 8; i++) {
          read();
        }
      }
    }
  }

  @Test
  void theRingBecomesFourTimesAsLargeAsTheCapacity() throws IOException {
    assumeTrue(Runtime.getRuntime().availableProcessors() > 1, "it takes two processors");
    Counted counted = new Counted();
    counted.pipe.floodsWhile(bytes -> bytes == 256 * KIB);
    counted.move(Flood.WINDOW / 2);
    assertEquals(64 * KIB, counted.held.get());
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (counted.held.get() == 64 * KIB && System.nanoTime() - end < 0) {
      counted.move(Flood.WINDOW);
    }
    assertEquals(256 * KIB, counted.held.get());
    // No more than the capacity is accepted, and what was accepted is all there.
    for (int i = 0; i < 8; i++) {
      counted.write();
    }
    assertEquals(0, counted.pipe.sink().write(ByteBuffer.allocate(1)));
    assertFalse(counted.pipe.trim());
    for (int i = 0; i < 8; i++) {
      counted.read();
    }
    assertTrue(counted.pipe.trim());
    assertEquals(0, counted.held.get());
    counted.move(64 * KIB);
    assertEquals(64 * KIB, counted.held.get());
  }

  @Test
  void notWhereMemoryIsNotAmple() throws IOException {
    Counted counted = new Counted();
    counted.move(3 * Flood.WINDOW);
    counted.pipe.floodsWhile(bytes -> false);
    counted.move(3 * Flood.WINDOW);
    assertEquals(64 * KIB, counted.held.get());
  }
}
