// SPDX-License-Identifier: Apache-2.0
package io.penstock.stream;

import io.penstock.error.FrameTooLongException;
import java.io.IOException;
import java.net.ProtocolException;
import java.nio.ByteBuffer;

/** Finds frames that begin with their length. */
final class PrefixedFramer implements Framer {
  /** How a length is written. */
  interface Field {
    /** The most bytes of a length that is at most so large. */
    int most(int max);

    /** How many bytes the length takes up that begins here; 0 when not all of it is there. */
    int size(ByteBuffer bytes) throws IOException;

    /** The length, of which {@link #size} said that it is there; without sign. */
    long length(ByteBuffer bytes, int size);

    /** Writes a length. */
    void put(int length, ByteBuffer to);

    /** The largest length that can be written. */
    int largest();
  }

  /** A number of so many bytes. */
  record Fixed(int size, boolean little) implements Field {
    @Override
    public int most(int max) {
      return size;
    }

    @Override
    public int size(ByteBuffer bytes) {
      return bytes.remaining() < size ? 0 : size;
    }

    private int shift(int index) {
      return Byte.SIZE * (little ? index : size - 1 - index);
    }

    @Override
    public long length(ByteBuffer bytes, int ignored) {
      long length = 0;
      for (int i = 0; i < size; i++) {
        length |= (bytes.get(bytes.position() + i) & 0xffL) << shift(i);
      }
      return length;
    }

    @Override
    public void put(int length, ByteBuffer to) {
      for (int i = 0; i < size; i++) {
        to.put((byte) ((long) length >> shift(i)));
      }
    }

    @Override
    public int largest() {
      return size < Integer.BYTES ? (1 << (Byte.SIZE * size)) - 1 : Integer.MAX_VALUE;
    }
  }

  /** Seven bits in each byte, the least first; the highest bit says that more follow. */
  record Varint() implements Field {
    private static final int MOST = 10;
    private static final int BITS = 7;
    private static final int MORE = 0x80;

    @Override
    public int most(int max) {
      return size(max);
    }

    private static int size(int length) {
      int significant = Integer.SIZE - Integer.numberOfLeadingZeros(length);
      return Math.max(1, (significant + BITS - 1) / BITS);
    }

    @Override
    public int size(ByteBuffer bytes) throws IOException {
      int there = Math.min(bytes.remaining(), MOST);
      for (int i = 0; i < there; i++) {
        int value = bytes.get(bytes.position() + i);
        if (value >= 0) {
          if ((value == 0 && i > 0) || (value > 1 && i == MOST - 1)) {
            throw new ProtocolException(
                "frame: the length is a varint of "
                    + (i + 1)
                    + " bytes "
                    + (value == 0 ? "that fits in fewer" : "with more than 64 bits"));
          }
          return i + 1;
        }
      }
      if (there == MOST) {
        throw new ProtocolException(
            "frame: the length is a varint of more than " + MOST + " bytes");
      }
      return 0;
    }

    @Override
    public long length(ByteBuffer bytes, int size) {
      long length = 0;
      for (int i = 0; i < size; i++) {
        length |= (bytes.get(bytes.position() + i) & (MORE - 1L)) << (BITS * i);
      }
      return length;
    }

    @Override
    public void put(int length, ByteBuffer to) {
      int rest = length;
      while (rest >= MORE) {
        to.put((byte) (rest | MORE));
        rest >>>= BITS;
      }
      to.put((byte) rest);
    }

    @Override
    public int largest() {
      return Integer.MAX_VALUE;
    }
  }

  private final Field field;
  private final int max;
  private final boolean skips;
  // How much of a frame that is skipped is still to come.
  private long left;
  // How many bytes the length of the last frame took up.
  private int prefix;

  PrefixedFramer(Field field, int max, boolean skips) {
    this.field = field;
    this.max = max;
    this.skips = skips;
  }

  @Override
  public int frame(ByteBuffer bytes) throws IOException {
    if (left > 0) {
      return skip(bytes);
    }
    int size = field.size(bytes);
    if (size == 0) {
      return 0;
    }
    prefix = size;
    long length = field.length(bytes, size);
    if (Long.compareUnsigned(length, max) > 0) {
      if (skips) {
        left = length < 0 || length > Long.MAX_VALUE - size ? Long.MAX_VALUE : size + length;
        return skip(bytes);
      }
      throw new FrameTooLongException(
          "frame",
          "a frame of "
              + Long.toUnsignedString(length)
              + " bytes was announced, at most "
              + max
              + " are allowed",
          max);
    }
    return bytes.remaining() < size + length ? 0 : (int) (size + length);
  }

  private int skip(ByteBuffer bytes) {
    int n = (int) Math.min(left, bytes.remaining());
    left -= n;
    return -n;
  }

  @Override
  public boolean skipping() {
    return left > 0;
  }

  @Override
  public void strip(ByteBuffer frame) {
    frame.position(frame.position() + prefix);
  }
}
