// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.buffer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** When a large write is offered. */
class GaugeTest {
  private static final int KIB = 1024;

  private final Gauge gauge = new Gauge();

  private int copiesBeforeTheNext() {
    int copies = 0;
    while (!gauge.offers()) {
      copies++;
    }
    return copies;
  }

  @Test
  void nothingIsOfferedBeforeItIsKnownHowLongACopyTakes() {
    assertFalse(gauge.offers());
    gauge.copied(16 * KIB, 1_600);
    assertTrue(gauge.offers());
    assertEquals(6_400, gauge.copying(64 * KIB));
  }

  @Test
  void anOfferThatTakesLongerThanACopyIsInVain() {
    gauge.copied(16 * KIB, 1_600);
    int expected = 0;
    for (int i = 0; i < 12; i++) {
      assertEquals(expected, copiesBeforeTheNext());
      gauge.offered(64 * KIB, true, 6_401);
      expected = Math.min(1023, 2 * expected + 1);
    }
    gauge.offered(64 * KIB, true, 6_400);
    assertEquals(511, copiesBeforeTheNext());
  }

  @Test
  void anOfferOfWhichSomethingIsLeftIsInVain() {
    gauge.copied(16 * KIB, 1_600);
    assertTrue(gauge.offers());
    gauge.offered(64 * KIB, false, -1);
    assertEquals(1, copiesBeforeTheNext());
  }

  @Test
  void offersThatPayAreMadeInARowWithACopyNowAndThen() {
    gauge.copied(16 * KIB, 1_600);
    for (int round = 0; round < 3; round++) {
      for (int i = 0; i < 255; i++) {
        assertTrue(gauge.offers());
        gauge.offered(64 * KIB, true, 3_000);
      }
      assertFalse(gauge.offers());
      gauge.copied(64 * KIB, 6_400);
    }
  }

  @Test
  void oneCopyThatWasInterruptedSaysLittle() {
    gauge.copied(16 * KIB, 1_600);
    gauge.copied(16 * KIB, 10_000_000);
    assertEquals(8_000, gauge.copying(64 * KIB));
    for (int i = 0; i < 20; i++) {
      gauge.copied(16 * KIB, 1_600);
    }
    assertEquals(6_400, gauge.copying(64 * KIB), 50);
  }

  @Test
  void aFirstCopyThatWasInterruptedDoesNotLetAWriterWaitForLong() {
    gauge.copied(16 * KIB, 10_000_000_000L);
    assertEquals(64 * KIB, gauge.copying(64 * KIB));
  }
}
