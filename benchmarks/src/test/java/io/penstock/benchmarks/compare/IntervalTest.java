// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.compare;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class IntervalTest {
  private static final int EXPERIMENTS = 4000;

  /** As a machine has it: a tenth, and in one pair of eight one of the two is four times slower. */
  private static double noise(Random random) {
    double ratio = Math.exp(0.1 * random.nextGaussian());
    return switch (random.nextInt(16)) {
      case 0 -> 4 * ratio;
      case 1 -> ratio / 4;
      default -> ratio;
    };
  }

  /** In which part of the experiments that differ in their noise only something comes out. */
  private static double share(int pairs, double shift, ToDoubleFunction<Interval> outcome) {
    Random random = new Random(42);
    double sum = 0;
    for (int i = 0; i < EXPERIMENTS; i++) {
      double[] ratios =
          IntStream.range(0, pairs).mapToDouble(pair -> shift * noise(random)).toArray();
      sum += outcome.applyAsDouble(Interval.of(ratios));
    }
    return sum / EXPERIMENTS;
  }

  // Ranks of the interval of the sign test, as tables have them.
  @ParameterizedTest
  @CsvSource({"6, 1", "8, 1", "9, 2", "11, 2", "12, 3", "20, 6", "24, 7", "25, 8", "50, 18"})
  void boundsAreTheRanksOfTheSignTest(int pairs, int rank) {
    double[] ratios = IntStream.rangeClosed(1, pairs).mapToDouble(i -> pairs + 1 - i).toArray();
    Interval interval = Interval.of(ratios);
    assertEquals(rank, interval.low());
    assertEquals(pairs + 1 - rank, interval.high());
    assertEquals(pairs, interval.pairs());
  }

  @Test
  void middleOfAnEvenNumberIsAsFarFromBoth() {
    assertEquals(1, Interval.of(0.1, 0.1, 0.5, 2, 10, 10).middle(), 1e-12);
    assertEquals(3, Interval.of(7, 1, 2, 3, 4, 5, 1).middle(), 1e-12);
  }

  @Test
  void doesNotChangeWhatItIsGiven() {
    double[] ratios = {6, 5, 4, 3, 2, 1};
    Interval.of(ratios);
    assertEquals(6, ratios[0]);
  }

  @Test
  void refusesFewerPairsThanAnIntervalNeeds() {
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> Interval.of(1, 1, 1, 1, 1));
    assertEquals("there are 5 pairs, expected 6 or more", e.getMessage());
  }

  @ParameterizedTest
  @CsvSource({"6", "12", "24"})
  void pureNoiseSeldomDiffers(int pairs) {
    double differs = share(pairs, 1, interval -> interval.differs() ? 1 : 0);
    assertTrue(differs <= 0.05, () -> "differs in " + differs + " of the experiments");
    assertTrue(differs > 0, "an interval that never misses says nothing");
  }

  @ParameterizedTest
  @CsvSource({"12, 1.3, 0.9", "12, 2, 0.95", "24, 1.15, 0.8", "24, 0.8, 0.95"})
  void plantedShiftIsFound(int pairs, double shift, double often) {
    double found =
        share(
            pairs,
            shift,
            interval -> (shift > 1 ? interval.low() > 1 : interval.high() < 1) ? 1 : 0);
    assertTrue(found >= often, () -> "found in " + found + " of the experiments");
  }

  @ParameterizedTest
  @CsvSource({"6", "12", "24"})
  void coversTheShiftAsOftenAsItSays(int pairs) {
    double covered =
        share(pairs, 1.2, interval -> interval.low() <= 1.2 && 1.2 <= interval.high() ? 1 : 0);
    assertTrue(covered >= 0.95, () -> "covers it in " + covered + " of the experiments");
  }

  @Test
  void differsOnlyIfAllOfItIsOnOneSide() {
    assertTrue(new Interval(1.01, 1.1, 1.2, 6).differs());
    assertTrue(new Interval(0.8, 0.9, 0.99, 6).differs());
    assertFalse(new Interval(1, 1.1, 1.2, 6).differs());
    assertFalse(new Interval(0.9, 0.95, 1, 6).differs());
  }
}
