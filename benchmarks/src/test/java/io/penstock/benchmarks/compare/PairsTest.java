// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.compare;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.benchmarks.compare.Build.Figures;
import io.penstock.benchmarks.compare.Pairs.Measure;
import io.penstock.benchmarks.compare.Pairs.Pair;
import org.junit.jupiter.api.Test;

class PairsTest {
  private static final double BOUND = 5;

  /** Six pairs: of the base all the same, of the head by turns the one and the other. */
  private static Pairs pairs(Figures base, Figures head, Figures otherHead) {
    Pairs pairs = new Pairs();
    for (int i = 0; i < 3; i++) {
      pairs.add(new Pair(base, head));
      pairs.add(new Pair(base, otherHead));
    }
    return pairs;
  }

  private static Pairs times(double base, double head, double otherHead) {
    return pairs(new Figures(base, 0), new Figures(head, 0), new Figures(otherHead, 0));
  }

  private static Pairs garbage(double base, double head) {
    return pairs(new Figures(1, base), new Figures(1, head), new Figures(1, head));
  }

  @Test
  void failsOnlyWithTheWholeIntervalBeyondTheBound() {
    assertTrue(times(100, 106, 120).fails(Measure.TIME, BOUND));
    assertFalse(times(100, 104, 120).fails(Measure.TIME, BOUND));
    assertFalse(times(100, 90, 80).fails(Measure.TIME, BOUND));
  }

  @Test
  void saysWhichWayItDiffers() {
    assertEquals("slower, beyond the bound", times(100, 106, 120).verdict(Measure.TIME, BOUND));
    assertEquals("slower", times(100, 101, 120).verdict(Measure.TIME, BOUND));
    assertEquals("faster", times(100, 99, 80).verdict(Measure.TIME, BOUND));
    assertEquals("no difference shown", times(100, 99, 120).verdict(Measure.TIME, BOUND));
  }

  @Test
  void smallDifferenceIsSuspectWhenAskedFor() {
    assertFalse(times(100, 101, 102).isSuspect(BOUND, false));
    assertTrue(times(100, 101, 102).isSuspect(BOUND, true));
    assertFalse(times(100, 99, 102).isSuspect(BOUND, true));
  }

  @Test
  void whatLooksWorseIsSuspectWhateverItsInterval() {
    assertTrue(times(100, 80, 140).isSuspect(BOUND, false));
  }

  @Test
  void partOfAnObjectIsNoGarbage() {
    assertFalse(garbage(0.01, 0.4).fails(Measure.GARBAGE, BOUND));
  }

  @Test
  void objectMoreFails() {
    assertTrue(garbage(0, 16).fails(Measure.GARBAGE, BOUND));
    assertEquals("more, beyond the bound", garbage(0, 16).verdict(Measure.GARBAGE, BOUND));
    assertEquals("less", garbage(16, 0).verdict(Measure.GARBAGE, BOUND));
  }

  @Test
  void lineHasWhatIsComparedAndTheInterval() {
    assertEquals(
        "pipe-64     time        100.0 ns     115.0 ns    +14.9 %  (+10.0 to +20.0)  slower,"
            + " beyond the bound",
        times(100, 110, 120).line(Route.PIPE_64, Measure.TIME, BOUND));
  }
}
