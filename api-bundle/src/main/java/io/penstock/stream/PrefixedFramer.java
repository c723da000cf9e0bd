// SPDX-License-Identifier: Apache-2.0
package io.penstock.stream;

import io.penstock.error.FrameTooLongException;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Finds frames that begin with their length. */
final class PrefixedFramer implements Framer {
  private final int lengthBytes;
  private final int max;

  PrefixedFramer(int lengthBytes, int max) {
    this.lengthBytes = lengthBytes;
    this.max = max;
  }

  @Override
  public int frame(ByteBuffer bytes) throws IOException {
    if (bytes.remaining() < lengthBytes) {
      return 0;
    }
    long length = 0;
    for (int i = 0; i < lengthBytes; i++) {
      length = length << 8 | (bytes.get(bytes.position() + i) & 0xff);
    }
    if (length > max) {
      throw new FrameTooLongException(
          "frame",
          "a frame of " + length + " bytes was announced, at most " + max + " are allowed",
          max);
    }
    return bytes.remaining() < lengthBytes + length ? 0 : (int) (lengthBytes + length);
  }

  @Override
  public void strip(ByteBuffer frame) {
    frame.position(frame.position() + lengthBytes);
  }

  /** The frame as it goes on the wire: its length, and then its bytes. */
  ByteBuffer encode(ByteBuffer payload, Framing framing) {
    int size = payload.remaining();
    long countable = lengthBytes < Integer.BYTES ? (1L << (Byte.SIZE * lengthBytes)) - 1 : max;
    ByteBuffer frame = Framing.room(size, lengthBytes, (int) Math.min(max, countable), framing);
    for (int shift = Byte.SIZE * (lengthBytes - 1); shift >= 0; shift -= Byte.SIZE) {
      frame.put((byte) (size >> shift));
    }
    return frame.put(payload.duplicate()).flip();
  }
}
