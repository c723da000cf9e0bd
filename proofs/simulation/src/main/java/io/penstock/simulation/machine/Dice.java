// SPDX-License-Identifier: Apache-2.0
package io.penstock.simulation.machine;

/** Numbers by a seed: small, quick, and the same everywhere. */
public final class Dice {
  private long state;

  /** Begins at a seed. */
  public Dice(long seed) {
    this.state = seed;
  }

  /** Any number. */
  public long next() {
    state += 0x9E3779B97F4A7C15L;
    return mix(state);
  }

  /** Mixes the bits of a number. */
  public static long mix(long value) {
    long z = value;
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }

  /** A number from 0 up to a bound, which is not reached. */
  public int below(int bound) {
    return (int) Long.remainderUnsigned(next(), bound);
  }

  /** A number between two, both included. */
  public int from(int least, int most) {
    return least + below(most - least + 1);
  }

  /** True once in so many times. */
  public boolean once(int in) {
    return below(in) == 0;
  }

  /** A number from 0 up to 1. */
  public double unit() {
    return (next() >>> 11) * 0x1.0p-53;
  }
}
