// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.peer;

import org.jctools.queues.SpscArrayQueue;

/**
 * JCTools' queue for one producer and one consumer; both spin, for ever. It has 4 slots at least.
 */
final class JcToolsQueue extends Copies {
  private final SpscArrayQueue<byte[]> queue;

  JcToolsQueue(Shape shape) {
    super(shape);
    queue = new SpscArrayQueue<>(shape.slots());
  }

  private static <T> void put(SpscArrayQueue<T> queue, T element) {
    while (!queue.relaxedOffer(element)) {
      Thread.onSpinWait();
    }
  }

  private static <T> T take(SpscArrayQueue<T> queue) {
    T got;
    while ((got = queue.relaxedPoll()) == null) {
      Thread.onSpinWait();
    }
    return got;
  }

  @Override
  void put(byte[] copy) {
    put(queue, copy);
  }

  @Override
  byte[] take() {
    return take(queue);
  }

  /** Hands the array itself over. */
  static final class Giving implements HandOver {
    private static final byte[] END = {};

    private final SpscArrayQueue<byte[]> queue = new SpscArrayQueue<>(SLOTS);
    private final byte[] gift = new byte[SIZE];

    @Override
    public void give() {
      put(queue, gift);
    }

    @Override
    public int take() {
      byte[] got = JcToolsQueue.take(queue);
      return got == END ? -1 : got.length;
    }

    @Override
    public void end() {
      put(queue, END);
    }
  }
}
