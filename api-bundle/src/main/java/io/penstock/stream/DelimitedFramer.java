// SPDX-License-Identifier: Apache-2.0
package io.penstock.stream;

import io.penstock.error.FrameTooLongException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Finds frames that end with a delimiter. */
final class DelimitedFramer implements Framer {
  private static final long EACH_BYTE = 0x0101010101010101L;
  private static final long HIGH_BITS = 0x8080808080808080L;

  private final ByteSequence delimiter;
  private final int max;
  private final boolean kept;
  private final boolean skips;
  private final byte last;
  private final boolean single;
  // How far the last look got without a match, so that a long frame is not searched again for
  // each piece of it.
  private int seen;
  private boolean skipping;

  /**
   * A framer.
   *
   * @param kept whether the delimiter is a part of what is delivered
   * @param skips whether a frame that is too long is skipped
   */
  DelimitedFramer(ByteSequence delimiter, int max, boolean kept, boolean skips) {
    this.delimiter = delimiter;
    this.max = max;
    this.kept = kept;
    this.skips = skips;
    this.last = delimiter.byteAt(delimiter.length() - 1);
    this.single = delimiter.length() == 1;
  }

  @Override
  public int frame(ByteBuffer bytes) throws IOException {
    if (skipping) {
      return skip(bytes);
    }
    int start = bytes.position();
    int available = Math.min(bytes.remaining(), max);
    int end = start + available;
    int after = afterDelimiter(bytes, start, start + seen, end);
    if (after > 0) {
      seen = 0;
      return after - start;
    }
    if (bytes.remaining() >= max) {
      if (skips) {
        skipping = true;
        return skip(bytes);
      }
      throw new FrameTooLongException(
          "frame", "no delimiter " + delimiter + " within " + max + " bytes", max);
    }
    seen = available;
    return 0;
  }

  /** Drops everything up to the delimiter, but for what may be the beginning of one. */
  private int skip(ByteBuffer bytes) {
    seen = 0;
    int start = bytes.position();
    int after = afterDelimiter(bytes, start, start, bytes.limit());
    skipping = after == 0;
    return -(skipping ? Math.max(0, bytes.remaining() - delimiter.length() + 1) : after - start);
  }

  @Override
  public boolean skipping() {
    return skipping;
  }

  @Override
  public void forget() {
    seen = 0;
  }

  @Override
  public void strip(ByteBuffer frame) {
    if (!kept) {
      frame.limit(frame.limit() - delimiter.length());
    }
  }

  private int afterDelimiter(ByteBuffer bytes, int start, int from, int end) {
    // Most are one byte, and there may be millions of them in a second.
    return single
        ? indexOf(last, bytes, from, end) + 1
        : afterDelimiter(delimiter, bytes, start, from, end);
  }

  /**
   * Where the first delimiter ends, which begins at {@code start} or later, and ends behind {@code
   * from} and not behind {@code end}; 0 if there is none.
   */
  private static int afterDelimiter(
      ByteSequence delimiter, ByteBuffer bytes, int start, int from, int end) {
    int length = delimiter.length();
    byte last = delimiter.byteAt(length - 1);
    // Looks for the last byte, and then back.
    int at = Math.max(start + length - 1, from);
    while ((at = indexOf(last, bytes, at, end)) >= 0) {
      if (matches(delimiter, bytes, at - length + 1)) {
        return at + 1;
      }
      at++;
    }
    return 0;
  }

  /** Where a byte is, from one place on and before another; -1 if it is not. */
  private static int indexOf(byte wanted, ByteBuffer bytes, int from, int end) {
    ByteOrder before = bytes.order();
    // So that the first byte of eight is the lowest, and the lowest match is exact.
    bytes.order(ByteOrder.LITTLE_ENDIAN);
    long pattern = (wanted & 0xffL) * EACH_BYTE;
    int i = from;
    for (; i <= end - Long.BYTES; i += Long.BYTES) {
      long others = bytes.getLong(i) ^ pattern;
      long zeros = others - EACH_BYTE & ~others & HIGH_BITS;
      if (zeros != 0) {
        bytes.order(before);
        return i + (Long.numberOfTrailingZeros(zeros) >>> 3);
      }
    }
    bytes.order(before);
    for (; i < end; i++) {
      if (bytes.get(i) == wanted) {
        return i;
      }
    }
    return -1;
  }

  private static boolean matches(ByteSequence delimiter, ByteBuffer bytes, int at) {
    for (int j = 0; j < delimiter.length() - 1; j++) {
      if (bytes.get(at + j) != delimiter.byteAt(j)) {
        return false;
      }
    }
    return true;
  }

  @Override
  public boolean partialAtEnd() {
    return true;
  }

  /** Puts the frame with its delimiter into a buffer, whether it has the delimiter or not. */
  static void encode(
      ByteSequence delimiter,
      int max,
      boolean kept,
      ByteBuffer payload,
      ByteBuffer into,
      Framing framing) {
    int start = into.position();
    int size = payload.remaining();
    int limit = start + size + delimiter.length();
    into.put(start, payload, payload.position(), size);
    for (int i = 0; i < delimiter.length(); i++) {
      into.put(start + size + i, delimiter.byteAt(i));
    }
    int end = afterDelimiter(delimiter, into, start, start, limit);
    if (end != limit && !(kept && end == start + size)) {
      throw new IllegalArgumentException(
          framing
              + ": the frame of "
              + size
              + " bytes has the delimiter "
              + delimiter
              + " at byte "
              + (end - start - delimiter.length())
              + (kept ? ", expected at most one, at its end" : ", expected none"));
    }
    if (end - start > max) {
      throw Framing.tooLong((end - start) + " bytes with its delimiter", max, framing);
    }
    into.position(end);
  }
}
