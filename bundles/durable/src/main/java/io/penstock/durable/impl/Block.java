// SPDX-License-Identifier: Apache-2.0
package io.penstock.durable.impl;

import java.nio.ByteBuffer;

/** Bytes at a position of the stream; never changed. */
final class Block {
  private final long position;
  private final byte[] bytes;
  private final int from;
  private final int length;

  /**
   * Takes an array over.
   *
   * @param bytes may be longer; the first byte is at {@code from}
   */
  Block(long position, byte[] bytes, int from, int length) {
    this.position = position;
    this.bytes = bytes;
    this.from = from;
    this.length = length;
  }

  long position() {
    return position;
  }

  int length() {
    return length;
  }

  long end() {
    return position + length;
  }

  /** How much memory it takes up. */
  int weight() {
    return bytes.length;
  }

  /** Copies some of the bytes. */
  void copy(int start, ByteBuffer dst, int count) {
    dst.put(bytes, from + start, count);
  }
}
