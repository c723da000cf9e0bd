// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class BackoffTest {
  private static final Duration MIN = Duration.ofMillis(100);
  private static final Duration MAX = Duration.ofSeconds(30);

  private static List<Long> delays(Backoff backoff, int count) {
    List<Long> delays = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      delays.add(backoff.next(MIN, MAX).toMillis());
    }
    return delays;
  }

  @Test
  void boundDoublesFromTheShortestDelayToTheLongest() {
    assertEquals(
        List.of(200L, 400L, 800L, 1600L, 3200L, 6400L, 12800L, 25600L, 30000L, 30000L),
        delays(new Backoff(() -> 1), 10));
  }

  @Test
  void jitterReachesDownToTheShortestDelay() {
    assertEquals(List.of(100L, 100L, 100L), delays(new Backoff(() -> 0), 3));
    assertEquals(List.of(150L, 250L, 450L), delays(new Backoff(() -> 0.5), 3));
  }

  @Test
  void manyFailuresDoNotOverflow() {
    assertEquals(30000L, delays(new Backoff(() -> 1), 100).get(99));
  }

  @Test
  void whatLivedLongerThanTheLastDelayBeginsAnew() {
    Backoff backoff = new Backoff(() -> 1);
    delays(backoff, 3);
    assertEquals(false, backoff.lived(Duration.ofMillis(800)));
    assertEquals(List.of(1600L), delays(backoff, 1));
    assertEquals(true, backoff.lived(Duration.ofMillis(1601)));
    assertEquals(List.of(200L), delays(backoff, 1));
  }
}
