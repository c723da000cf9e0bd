// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.view;

import io.penstock.stream.ByteSource;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;

/** Bytes in memory that grows as they come, never ahead of them by much. */
final class Gathered {
  private static final int CHUNK = 8192;
  private static final int FIRST = 128;
  private static final byte[] NONE = {};

  private byte[] bytes = NONE;
  private int size;

  int size() {
    return size;
  }

  /**
   * Reads up to so many bytes, under the source's own setting.
   *
   * @return what the source's read returned
   */
  int read(ByteSource source, int most) throws IOException {
    // All that is wanted, as long as that is not unreasonable before a byte has come.
    int room = Math.min(most, Math.max(CHUNK, size));
    grow(room);
    int n = source.read(ByteBuffer.wrap(bytes, size, room));
    size += Math.max(n, 0);
    return n;
  }

  /** Adds all of a run. */
  void add(ByteBuffer run) {
    int n = run.remaining();
    grow(n);
    run.get(bytes, size, n);
    size += n;
  }

  /** Removes the first bytes. */
  void drop(int n) {
    System.arraycopy(bytes, n, bytes, 0, size - n);
    size -= n;
  }

  private void grow(int more) {
    int wanted = Math.addExact(size, more);
    if (wanted > bytes.length) {
      long twice = Math.min(2L * bytes.length, Integer.MAX_VALUE - 8);
      bytes = Arrays.copyOf(bytes, (int) Math.max(wanted, Math.max(twice, Math.min(FIRST, more))));
    }
  }

  /** The bytes; shared. */
  ByteBuffer bytes() {
    return ByteBuffer.wrap(bytes, 0, size);
  }

  /** The bytes as an array of just their size. */
  byte[] toArray() {
    return size == bytes.length ? bytes : Arrays.copyOf(bytes, size);
  }
}
