// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.core;

import io.penstock.stream.ByteSequence;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Bytes that a long read has gathered. What it does not take goes back in front of the source. */
final class Gather extends LongRead {
  /** What a long read makes of what was gathered. */
  @FunctionalInterface
  interface Finish {
    /**
     * Takes the result out.
     *
     * @param length how many bytes the match takes up, or all at the end
     * @param end whether the stream has ended
     */
    @Nullable ByteBuffer finish(Gather gather, int length, boolean end) throws IOException;
  }

  private byte[] bytes = {};
  private int size;
  private int taken;
  private int searched;

  Gather(boolean frees) {
    super(frees);
  }

  int size() {
    return size;
  }

  /** Room for more; {@link #added} says how much came. */
  ByteBuffer space(int want) {
    if (bytes.length - size < want) {
      long grown =
          Math.max((long) size + want, Math.min(bytes.length * 2L, Integer.MAX_VALUE - 8L));
      if (grown > Integer.MAX_VALUE - 8L) {
        throw new OutOfMemoryError("a long read has gathered " + size + " bytes");
      }
      bytes = Arrays.copyOf(bytes, (int) grown);
    }
    return ByteBuffer.wrap(bytes, size, want);
  }

  void added(int n) {
    size += n;
  }

  /** The length up to and including the first delimiter that ends within max; -1 for none. */
  int find(ByteSequence delimiter, int max) {
    int length = delimiter.length();
    int last = Math.min(size, max) - length;
    for (int i = searched; i <= last; i++) {
      int j = 0;
      while (j < length && bytes[i + j] == delimiter.byteAt(j)) {
        j++;
      }
      if (j == length) {
        return i + length;
      }
    }
    searched = Math.max(0, last + 1);
    return -1;
  }

  /** Takes the first bytes out. */
  ByteBuffer take(int length) {
    taken = length;
    return ByteBuffer.wrap(bytes, 0, length).slice();
  }

  int taken() {
    return taken;
  }

  /** What was not taken. */
  ByteBuffer rest() {
    return ByteBuffer.wrap(bytes, taken, size - taken);
  }

  byte[] array() {
    return bytes;
  }

  /** Up to the delimiter, and nothing at the end. */
  static @Nullable ByteBuffer toDelimiter(Gather gather, int length, boolean end) {
    return end ? null : gather.take(length);
  }

  /** All there is at the end. */
  static ByteBuffer everything(Gather gather, int length, boolean end) {
    return gather.take(length);
  }
}
