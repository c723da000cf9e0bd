// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.serve;

import io.penstock.stream.Framing;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A buffer that replies are made in, one after the other, so that they leave no garbage. A reply
 * that is longer, or that is made while another one is, gets a buffer of its own.
 */
final class Spare {
  private static final int SIZE = 4096;

  private final ByteBuffer buffer = ByteBuffer.allocate(SIZE);
  private final AtomicBoolean used = new AtomicBoolean();

  /** What goes on the wire; {@link #free} must follow. */
  ByteBuffer encode(Framing framing, ByteBuffer frame) {
    if (frame.remaining() > SIZE || !used.compareAndSet(false, true)) {
      return framing.encode(frame);
    }
    boolean inUse = false;
    try {
      ByteBuffer encoded = framing.encode(frame, buffer);
      inUse = isShared(encoded);
      return encoded;
    } finally {
      if (!inUse) {
        used.set(false);
      }
    }
  }

  /** Nobody needs what {@link #encode} has returned any more. */
  void free(ByteBuffer encoded) {
    if (isShared(encoded)) {
      used.set(false);
    }
  }

  /** The rest of what {@link #encode} has returned, for longer than until {@link #free}. */
  ByteBuffer kept(ByteBuffer encoded) {
    return isShared(encoded)
        ? ByteBuffer.allocate(encoded.remaining()).put(encoded).flip()
        : encoded;
  }

  @SuppressWarnings("ReferenceEquality") // others may have the same content
  private boolean isShared(ByteBuffer encoded) {
    return encoded == buffer;
  }
}
