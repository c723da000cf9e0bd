// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.core;

import java.nio.ByteBuffer;

/**
 * Bytes in front of a driver's; never changed in place.
 *
 * @param loose how many of the first ones the driver does not count any more
 */
record Front(ByteBuffer bytes, int loose) {
  static final Front EMPTY = new Front(ByteBuffer.allocate(0), 0);

  int size() {
    return bytes.remaining();
  }

  /** What is left behind the first bytes. */
  Front after(int n) {
    return n == size()
        ? EMPTY
        : new Front(bytes.slice(bytes.position() + n, size() - n), Math.max(0, loose - n));
  }

  /**
   * The same and others.
   *
   * @param last how many of these stay behind the others; all if there are no more
   */
  Front with(ByteBuffer others, int looseOthers, int last) {
    int size = size();
    if (size == 0) {
      return new Front(others.slice(), looseOthers);
    }
    int at = bytes.position() + Math.max(0, size - last);
    ByteBuffer joined = ByteBuffer.allocate(others.remaining() + size);
    joined.put(bytes.duplicate().limit(at)).put(others.duplicate());
    joined.put(bytes.duplicate().position(at)).flip();
    // Loose bytes stand before the others: a reader takes both in this order, and a view puts bytes
    // back in front of all.
    return new Front(joined, looseOthers + loose);
  }
}
