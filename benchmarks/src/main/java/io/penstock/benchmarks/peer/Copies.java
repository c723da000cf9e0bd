// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.peer;

/** A queue of arrays: each write queues a copy, each read copies out of the oldest. */
abstract class Copies extends Conduit {
  private static final byte[] END = {};

  private byte[] oldest = END;
  private int taken;

  Copies(Shape shape) {
    super(shape);
  }

  abstract void put(byte[] copy) throws InterruptedException;

  abstract byte[] take() throws InterruptedException;

  @Override
  public final void write() throws InterruptedException {
    put(out.clone());
  }

  @Override
  public final int read() throws InterruptedException {
    if (taken == oldest.length) {
      oldest = take();
      taken = 0;
      if (oldest == END) {
        return -1;
      }
    }
    int n = Math.min(in.length, oldest.length - taken);
    System.arraycopy(oldest, taken, in, 0, n);
    taken += n;
    return n;
  }

  @Override
  public final void end() throws InterruptedException {
    put(END);
  }
}
