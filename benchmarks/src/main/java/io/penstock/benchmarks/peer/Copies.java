// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.peer;

/** A queue of arrays: each write queues a copy, each read copies out of the oldest. */
abstract class Copies extends Conduit {
  private static final byte[] END = {};

  /** The reader's. */
  private static final class Oldest {
    private byte[] bytes = END;
    private int taken;
  }

  private final Oldest oldest = Apart.of(Oldest::new);

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
    Oldest from = oldest;
    if (from.taken == from.bytes.length) {
      from.bytes = take();
      from.taken = 0;
      if (from.bytes == END) {
        return -1;
      }
    }
    int n = Math.min(in.length, from.bytes.length - from.taken);
    System.arraycopy(from.bytes, from.taken, in, 0, n);
    from.taken += n;
    return n;
  }

  @Override
  public final void end() throws InterruptedException {
    put(END);
  }
}
