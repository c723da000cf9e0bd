// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.posix;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class SplicesTest {
  private static final long NOW = 5 * Splices.IDLE_NANOS;

  private final Splices splices = new Splices();
  private final List<Direction> all = new ArrayList<>();

  private static final class Direction implements Splices.Holder {
    long lastMoved = NOW;
    boolean loaded;
    int asked;

    @Override
    public boolean isLoaded() {
      return loaded;
    }

    @Override
    public long lastMoved() {
      return lastMoved;
    }

    @Override
    public void giveBack() {
      asked++;
    }
  }

  private void takeAll() {
    for (int i = 0; i < Splices.MOST; i++) {
      Direction each = new Direction();
      all.add(each);
      assertTrue(splices.take(each, NOW));
    }
  }

  private int asked() {
    return all.stream().mapToInt(each -> each.asked).sum();
  }

  @Test
  void placesAreFewAndComeBack() {
    takeAll();
    Direction more = new Direction();
    assertFalse(splices.take(more, NOW));
    splices.release(all.get(3));
    assertTrue(splices.take(more, NOW));
    assertFalse(splices.take(all.get(3), NOW));
    assertEquals(0, asked(), "all are busy");
  }

  @Test
  void theOneThatHasBeenIdleForLongestIsAsked() {
    takeAll();
    all.get(5).lastMoved = NOW - 2 * Splices.IDLE_NANOS;
    all.get(9).lastMoved = NOW - 3 * Splices.IDLE_NANOS;
    assertFalse(splices.take(new Direction(), NOW));
    assertEquals(1, all.get(9).asked);
    assertEquals(1, asked());
  }

  @Test
  void oneThatCannotDoesNotHideOneThatCan() {
    takeAll();
    all.get(5).lastMoved = NOW - 2 * Splices.IDLE_NANOS;
    all.get(9).lastMoved = NOW - 3 * Splices.IDLE_NANOS;
    all.get(9).loaded = true;
    assertFalse(splices.take(new Direction(), NOW));
    assertEquals(1, all.get(5).asked);
    assertEquals(1, asked());
  }
}
