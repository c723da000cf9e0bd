// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.peer;

import java.util.concurrent.ArrayBlockingQueue;

/** What many write by hand in place of a pipe. */
final class BlockingQueueOfCopies extends Copies {
  private final ArrayBlockingQueue<byte[]> queue;

  BlockingQueueOfCopies(Shape shape) {
    super(shape);
    queue = new ArrayBlockingQueue<>(shape.slots());
  }

  @Override
  void put(byte[] copy) throws InterruptedException {
    queue.put(copy);
  }

  @Override
  byte[] take() throws InterruptedException {
    return queue.take();
  }

  /** Hands the array itself over. */
  static final class Giving implements HandOver {
    private static final byte[] END = {};

    private final ArrayBlockingQueue<byte[]> queue = new ArrayBlockingQueue<>(SLOTS);
    private final byte[] gift = new byte[SIZE];

    @Override
    public void give() throws InterruptedException {
      queue.put(gift);
    }

    @Override
    public int take() throws InterruptedException {
      byte[] got = queue.take();
      return got == END ? -1 : got.length;
    }

    @Override
    public void end() throws InterruptedException {
      queue.put(END);
    }
  }
}
