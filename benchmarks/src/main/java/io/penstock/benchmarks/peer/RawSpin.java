// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.peer;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/** One byte in one word that both threads watch: the limit of a round trip. */
final class RawSpin extends Conduit {
  private static final VarHandle WORD = MethodHandles.arrayElementVarHandle(int[].class);
  private static final int EMPTY = -1;
  private static final int END = 256;

  /** Amidst an array, so that the word has its cache line to itself. */
  private static final int AT = 32;

  private final int[] word = new int[2 * AT];

  RawSpin(Shape shape) {
    super(shape);
    if (shape.chunk() != 1) {
      throw new IllegalArgumentException("chunk is " + shape.chunk() + ", expected 1");
    }
    WORD.setRelease(word, AT, EMPTY);
  }

  private void put(int value) {
    while ((int) WORD.getAcquire(word, AT) != EMPTY) {
      Thread.onSpinWait();
    }
    WORD.setRelease(word, AT, value);
  }

  @Override
  public void write() {
    put(out[0] & 0xff);
  }

  @Override
  public int read() {
    int value;
    while ((value = (int) WORD.getAcquire(word, AT)) == EMPTY) {
      Thread.onSpinWait();
    }
    WORD.setRelease(word, AT, EMPTY);
    in[0] = (byte) value;
    return value == END ? -1 : 1;
  }

  @Override
  public void end() {
    put(END);
  }
}
