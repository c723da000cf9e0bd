// SPDX-License-Identifier: Apache-2.0
package io.penstock.simulation.machine;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What a run consists of: numbers that follow from its seed, each by its name, so that one of them
 * can be made smaller without a change of the others.
 */
public final class Plan {
  private final long seed;
  private final Map<String, Integer> given;
  private final Map<String, Integer> chosen = new LinkedHashMap<>();
  private final Map<String, Integer> least = new LinkedHashMap<>();
  private int conversations;

  /**
   * A plan.
   *
   * @param given numbers that are not left to the seed
   */
  public Plan(long seed, Map<String, Integer> given) {
    this.seed = seed;
    this.given = given;
  }

  /** A number between two, both included; the least is the simplest. */
  public int number(String name, int from, int to) {
    long bits = Dice.mix(seed * 31 + name.hashCode());
    int value = from + (int) Long.remainderUnsigned(bits, to - from + 1);
    value = given.getOrDefault(name, value);
    chosen.put(name, value);
    least.put(name, from);
    return value;
  }

  /** Whether something happens that happens once in so many runs. */
  public boolean once(String name, int in) {
    return number(name, 0, in - 1) == in - 1;
  }

  /** The seed. */
  public long seed() {
    return seed;
  }

  /** What was asked for, in order. */
  public Map<String, Integer> chosen() {
    return chosen;
  }

  Map<String, Integer> least() {
    return least;
  }

  /** One conversation more has come to its end, whole or with an error that says why. */
  public void conversation() {
    conversations++;
  }

  int conversations() {
    return conversations;
  }
}
