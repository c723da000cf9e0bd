// SPDX-License-Identifier: Apache-2.0
package io.penstock.spi;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class AcceptQueueTest {
  private final AcceptQueue<String> queue = new AcceptQueue<>(2);
  private int told;

  @Test
  void placesThatAreKeptCountAsTaken() {
    assertTrue(queue.reserve());
    assertTrue(queue.add("first"));
    assertFalse(queue.hasRoom());
    assertFalse(queue.reserve());
    queue.giveBack();
    assertTrue(queue.hasRoom());
    assertTrue(queue.reserve());
    assertTrue(queue.fill("second"));
    assertFalse(queue.reserve());
    assertEquals("first", queue.poll());
    assertTrue(queue.reserve());
  }

  @Test
  void whoWaitsIsHandedOutInTurnAndToldOf() {
    queue.onReady(() -> told++);
    assertFalse(queue.ready());
    assertNull(queue.poll());
    assertTrue(queue.add("first"));
    assertTrue(queue.add("second"));
    assertTrue(queue.add("beyond the limit"));
    assertEquals(3, told);
    assertTrue(queue.ready());
    assertEquals("first", queue.poll());
    assertEquals("second", queue.poll());
    assertEquals("beyond the limit", queue.poll());
    assertFalse(queue.ready());
  }

  @Test
  void nobodyComesAfterTheClose() {
    queue.onReady(() -> told++);
    assertTrue(queue.reserve());
    assertTrue(queue.add("first"));
    assertEquals(List.of("first"), queue.close());
    assertFalse(queue.fill("late"));
    assertFalse(queue.add("later"));
    assertFalse(queue.hasRoom());
    assertFalse(queue.reserve());
    assertEquals(List.of(), queue.close());
    assertNull(queue.poll());
    assertEquals(1, told);
  }
}
