// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import io.penstock.runtime.RateDTO;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Rates between looks. */
class RatesTest {
  private final Rates rates = new Rates();
  private final Object thing = new Object();

  private RateDTO look(double seconds, long total) {
    return rates.of(thing).rate(0, (long) (seconds * TimeUnit.SECONDS.toNanos(1)), total);
  }

  @Test
  void firstLookKnowsNoRate() {
    assertEquals(new RateDTO(7, -1, -1), look(1, 7));
  }

  @Test
  void aRateIsThatSinceALookThatIsASecondOldOrOlder() {
    look(1, 0);
    assertEquals(-1, look(1.5, 50).second());
    assertEquals(100, look(2, 100).second());
    assertEquals(100, look(2.5, 150).second());
    assertEquals(50, look(4, 200).second());
  }

  @Test
  void aMinuteForgetsWhatWasBefore() {
    look(0, 0);
    assertEquals(10, look(30, 300).minute());
    for (int at = 35; at <= 120; at += 5) {
      look(at, 300);
    }
    assertEquals(0, look(121, 300).minute());
  }

  @Test
  void aMinuteCountsAllOfIt() {
    for (int at = 0; at <= 300; at++) {
      look(at, at * 10L);
    }
    assertEquals(10, look(301, 3010).minute(), 0.01);
    assertEquals(10, look(301, 3010).second(), 0.01);
  }

  @Test
  void eachObjectHasANumber() {
    assertSame(rates.of(thing), rates.of(thing));
    assertEquals(1, rates.of(thing).id());
    assertEquals(2, rates.of(new Object()).id());
  }
}
