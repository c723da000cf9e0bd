// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.peer;

import org.agrona.BufferUtil;
import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.BackoffIdleStrategy;
import org.agrona.concurrent.IdleStrategy;
import org.agrona.concurrent.MessageHandler;
import org.agrona.concurrent.UnsafeBuffer;
import org.agrona.concurrent.ringbuffer.OneToOneRingBuffer;
import org.agrona.concurrent.ringbuffer.RingBufferDescriptor;

/**
 * Agrona's ring of messages, in direct memory as it wants it. Both threads wait as its
 * BackoffIdleStrategy does by default. A message is an eighth of the ring at the most; what is
 * longer goes in several.
 */
final class AgronaRing extends Conduit {
  private static final int BYTES = 1;
  private static final int END = 2;

  private final OneToOneRingBuffer ring;
  private final UnsafeBuffer from = Apart.of(() -> new UnsafeBuffer(out));
  private final IdleStrategy writing = Apart.of(BackoffIdleStrategy::new);
  private final IdleStrategy reading = Apart.of(BackoffIdleStrategy::new);
  private final int piece;
  private final int limit;
  private final MessageHandler handler = this::got;
  private final Got got = Apart.of(Got::new);

  /** The reader's. */
  private static final class Got {
    private int filled;
    private boolean ended;
  }

  AgronaRing(Shape shape) {
    super(shape);
    ring =
        new OneToOneRingBuffer(
            new UnsafeBuffer(
                BufferUtil.allocateDirectAligned(
                    shape.buffer() + RingBufferDescriptor.TRAILER_LENGTH, 64)));
    piece = Math.min(shape.chunk(), ring.maxMsgLength());
    limit = shape.chunk() / piece;
  }

  private void got(int type, MutableDirectBuffer buffer, int index, int length) {
    if (type == END) {
      got.ended = true;
    } else {
      buffer.getBytes(index, in, got.filled, length);
      got.filled += length;
    }
  }

  @Override
  public void write() {
    for (int at = 0; at < out.length; at += piece) {
      send(BYTES, at, Math.min(piece, out.length - at));
    }
  }

  private void send(int type, int at, int length) {
    writing.reset();
    while (!ring.write(type, from, at, length)) {
      writing.idle();
    }
  }

  @Override
  public int read() {
    if (got.ended) {
      return -1;
    }
    got.filled = 0;
    reading.reset();
    while (ring.read(handler, limit) == 0) {
      reading.idle();
    }
    return got.filled == 0 && got.ended ? -1 : got.filled;
  }

  @Override
  public void end() {
    send(END, 0, 0);
  }
}
