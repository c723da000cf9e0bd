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

  /** The same with others before them. */
  Front behind(ByteBuffer first, int looseFirst) {
    if (size() == 0) {
      return new Front(first.slice(), looseFirst);
    }
    ByteBuffer joined = ByteBuffer.allocate(first.remaining() + size());
    joined.put(first.duplicate()).put(bytes.duplicate()).flip();
    // Loose bytes stand before the others: a reader takes both in this order, and a view puts bytes
    // back in front of all.
    return new Front(joined, looseFirst + loose);
  }
}
