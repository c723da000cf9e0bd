// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.buffer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

/** Entries come out in order, and those that were taken are not kept for long. */
class SlotsTest {
  // As many as the class says stay at most.
  private static final int KEPT = 7;

  private final Slots slots = new Slots();

  private record Entry(long start, Object item) {}

  @Test
  void entriesComeOutInOrderWhateverTheirNumber() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    ArrayDeque<Entry> model = new ArrayDeque<>();
    long at = 0;
    for (int step = 0; step < 20_000; step++) {
      String where = "seed " + seed + ", step " + step;
      // By turns rather more come than go, or the other way round.
      boolean floods = step / 500 % 2 == 0;
      if (random.nextInt(8) < (floods ? 5 : 3)) {
        // Entries may stand at one place.
        at += random.nextInt(3);
        Entry entry = new Entry(at, new Object());
        slots.put(entry.start(), entry.item());
        model.add(entry);
      } else if (random.nextInt(16) == 0) {
        slots.forget();
      } else {
        Entry expected = model.poll();
        if (expected == null) {
          assertNull(slots.first(), where);
        } else {
          assertSame(expected.item(), slots.first(), where);
          assertEquals(expected.start(), slots.firstStart(), where);
          slots.remove();
        }
      }
    }
  }

  @Test
  void whatIsLeftIsDropped() {
    Object refused = new Object();
    Set<Object> left = Collections.newSetFromMap(new IdentityHashMap<>());
    for (int i = 0; i < 100; i++) {
      Object item = new Object();
      slots.put(i, item);
      if (i < 30) {
        takeFirst();
      } else {
        left.add(item);
      }
    }
    slots.put(100, refused);
    Set<Object> dropped = Collections.newSetFromMap(new IdentityHashMap<>());
    slots.drop(100, dropped::add);
    assertTrue(dropped.containsAll(left));
    assertTrue(!dropped.contains(refused));
    assertTrue(dropped.size() <= left.size() + KEPT, dropped.size() + " dropped");
  }

  @Test
  void whatWasTakenIsNotKept() {
    List<WeakReference<Object>> taken = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      taken.add(putNew(i));
      takeFirst();
    }
    awaitKept(taken, KEPT);
    slots.forget();
    awaitKept(taken, 0);
    assertNull(slots.first());
  }

  private WeakReference<Object> putNew(long start) {
    Object item = new Object();
    slots.put(start, item);
    return new WeakReference<>(item);
  }

  private void takeFirst() {
    assertTrue(slots.first() != null);
    slots.remove();
  }

  private static void awaitKept(List<WeakReference<Object>> taken, int most) {
    long deadline = System.nanoTime() + Duration.ofSeconds(20).toNanos();
    while (true) {
      long kept = taken.stream().filter(each -> each.get() != null).count();
      if (kept <= most) {
        return;
      }
      assertTrue(System.nanoTime() - deadline < 0, kept + " are kept, at most " + most + " may be");
      System.gc();
      LockSupport.parkNanos(1_000_000);
    }
  }
}
