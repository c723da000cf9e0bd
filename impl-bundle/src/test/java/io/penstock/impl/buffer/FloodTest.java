// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.buffer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** When a ring becomes larger than the capacity, and that nothing is lost by it. */
class FloodTest {
  private static final int KIB = 1024;
  private static final int CORES = Runtime.getRuntime().availableProcessors();
  private static final long SOON = Flood.LONGEST_NANOS;
  private static final long LARGE = Flood.WINDOW / Flood.LEAST_WRITE;

  private final Flood flood = new Flood(new Flood.Places(1));

  private boolean passed(long windows, long writes, long now) {
    flood.passed(windows * Flood.WINDOW, writes, now);
    return flood.lasts();
  }

  @Test
  void enoughGoesThroughTwice() {
    assertFalse(flood.isDue(Flood.WINDOW - 1));
    assertTrue(flood.isDue(Flood.WINDOW));
    // It may have taken days.
    assertFalse(passed(1, LARGE, 7));
    assertFalse(flood.isDue(2 * Flood.WINDOW - 1));
    assertTrue(flood.isDue(2 * Flood.WINDOW));
    assertTrue(passed(2, 2 * LARGE, 7 + SOON));
  }

  @Test
  void aSlowStreamIsNoFlood() {
    assertFalse(passed(1, LARGE, 0));
    assertFalse(passed(2, 2 * LARGE, SOON + 1));
    assertTrue(passed(3, 3 * LARGE, SOON + 2));
  }

  @Test
  void smallWritesAreNone() {
    assertFalse(passed(1, 0, 0));
    assertFalse(passed(2, LARGE + 1, 1));
    assertTrue(passed(3, 2 * LARGE + 1, 2));
  }

  @Test
  void itLastsWhileItIsSlow() {
    assertFalse(passed(1, 0, 0));
    assertTrue(passed(2, 0, 1));
    assertTrue(passed(3, 0, 1 + 1000 * SOON));
  }

  @Test
  void itLastsWhileItsWritesAreNotHalfAsLarge() {
    assertFalse(passed(1, 0, 0));
    assertTrue(passed(2, 0, 1));
    assertTrue(passed(3, 2 * LARGE, 2));
    assertFalse(passed(4, 4 * LARGE + 1, 3));
  }

  /** Floods that began one after the other, at 2 ns, each with its second window. */
  private static Flood[] begun(Flood.Places places, int count) {
    Flood[] all = new Flood[count];
    for (int i = 0; i < count; i++) {
      all[i] = new Flood(places);
      all[i].passed(Flood.WINDOW, 0, 1);
      all[i].passed(2 * Flood.WINDOW, 0, 2);
    }
    return all;
  }

  @Test
  void thereAreNoMoreThanPlaces() {
    Flood[] all = begun(new Flood.Places(2), 3);
    assertTrue(all[0].lasts());
    assertTrue(all[1].lasts());
    assertFalse(all[2].lasts());
    // The second goes on, and the first may be over: nobody says so.
    long end = 2 + Flood.Places.NANOS;
    all[1].passed(3 * Flood.WINDOW, 0, end);
    all[2].passed(3 * Flood.WINDOW, 0, end - 1);
    all[2].passed(4 * Flood.WINDOW, 0, end);
    assertFalse(all[2].lasts());
    all[2].passed(5 * Flood.WINDOW, 0, end + 1);
    assertTrue(all[2].lasts());
    all[0].passed(3 * Flood.WINDOW, 0, end + 2);
    assertFalse(all[0].lasts());
    assertTrue(all[1].lasts());
    all[2].passed(6 * Flood.WINDOW, 0, end + 3);
    assertTrue(all[2].lasts());
  }

  @Test
  void whatIsNoFloodAnyMoreLeavesItsPlaceAtOnce() {
    Flood[] all = begun(new Flood.Places(1), 3);
    assertTrue(all[0].lasts());
    all[0].stop();
    all[1].passed(3 * Flood.WINDOW, 0, 3);
    assertTrue(all[1].lasts());
    // Its writes have become small.
    all[1].passed(4 * Flood.WINDOW, 3 * LARGE, 4);
    assertFalse(all[1].lasts());
    all[2].passed(3 * Flood.WINDOW, 0, 5);
    assertTrue(all[2].lasts());
    all[0].stop();
    all[1].stop();
    all[1].passed(5 * Flood.WINDOW, 3 * LARGE, 6);
    assertFalse(all[1].lasts());
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
      while (written - read < 8) {
        write();
      }
      for (long moved = 0; moved < bytes; moved += 32 * KIB) {
        for (int i = 0; i < 4; i++) {
          read();
        }
        for (int i = 0; i < 4; i++) {
          write();
        }
      }
    }

    void drain() throws IOException {
      while (read < written) {
        read();
      }
    }

    /** Floods until it holds so much. */
    void moveUntilHeld(long bytes) throws IOException {
      long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
      while (held.get() != bytes && System.nanoTime() - end < 0) {
        move(Flood.WINDOW);
      }
      assertEquals(bytes, held.get());
    }
  }

  @Test
  void theRingBecomesFourTimesAsLarge() throws IOException {
    assumeTrue(CORES > 1, "it takes two processors");
    Counted counted = new Counted();
    counted.pipe.floodsWhile(bytes -> bytes == 256 * KIB || bytes == 0);
    counted.move(Flood.WINDOW / 2);
    assertEquals(64 * KIB, counted.held.get());
    counted.moveUntilHeld(256 * KIB);
    // No more than the capacity is accepted, and what was accepted is all there.
    assertEquals(0, counted.pipe.sink().write(ByteBuffer.allocate(1)));
    assertFalse(counted.pipe.trim());
    counted.drain();
    assertTrue(counted.pipe.trim());
    assertEquals(0, counted.held.get());
    counted.move(64 * KIB);
    counted.moveUntilHeld(256 * KIB);
  }

  @Test
  void noRingBecomesLargerWhileAsManyFloodsLastAsThereAreProcessors() throws IOException {
    assumeTrue(CORES > 1, "it takes two processors");
    long later = System.nanoTime() + TimeUnit.MINUTES.toNanos(10);
    Flood[] others = new Flood[CORES];
    Counted counted = new Counted();
    counted.pipe.floodsWhile(bytes -> true);
    for (int i = 0; i < CORES; i++) {
      others[i] = new Flood(MemoryPipe.FLOODS);
      others[i].passed(Flood.WINDOW, 0, later - 1);
      others[i].passed(2 * Flood.WINDOW, 0, later);
    }
    try {
      counted.move(4 * Flood.WINDOW);
      assertEquals(64 * KIB, counted.held.get());
    } finally {
      for (Flood each : others) {
        each.stop();
      }
    }
    counted.moveUntilHeld(256 * KIB);
  }

  @Test
  void othersGetTheirMemoryBack() throws IOException {
    assumeTrue(CORES > 1, "it takes two processors");
    AtomicBoolean ample = new AtomicBoolean(true);
    Counted counted = new Counted();
    counted.pipe.floodsWhile(bytes -> ample.get());
    counted.moveUntilHeld(256 * KIB);
    ample.set(false);
    counted.move(128 * KIB);
    assertEquals(64 * KIB, counted.held.get());
    // Not at once again: a ring for each time that others give theirs back would be garbage.
    ample.set(true);
    counted.move(Flood.WINDOW / 2);
    assertEquals(64 * KIB, counted.held.get());
    counted.moveUntilHeld(256 * KIB);
    counted.drain();
    counted.pipe.sink().end();
    assertEquals(0, counted.held.get());
  }

  @Test
  void notWhereMemoryIsNotAmple() throws IOException {
    assumeTrue(CORES > 1, "it takes two processors");
    Counted counted = new Counted();
    counted.move(3 * Flood.WINDOW);
    AtomicLong asked = new AtomicLong();
    counted.pipe.floodsWhile(bytes -> asked.incrementAndGet() < 0);
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (asked.get() == 0 && System.nanoTime() - end < 0) {
      counted.move(Flood.WINDOW);
    }
    assertTrue(asked.get() > 0);
    assertEquals(64 * KIB, counted.held.get());
  }

  @Test
  void notOutsideTheHeapAndNotBeyondOneMebibyte() {
    assertEquals(64 * KIB, new MemoryPipe(64 * KIB, true).flooded);
    long[] capacities = {1, 3, 64 * KIB, 64 * KIB + 1, 512 * KIB, 512 * KIB + 1, Long.MAX_VALUE};
    int[] most = {4, 16, 256 * KIB, 512 * KIB, KIB * KIB, KIB * KIB, KIB * KIB};
    for (int i = 0; i < most.length; i++) {
      MemoryPipe pipe = new MemoryPipe(capacities[i], false);
      assertEquals(CORES > 1 ? most[i] : pipe.largest, pipe.flooded);
    }
  }
}
