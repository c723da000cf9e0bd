// SPDX-License-Identifier: Apache-2.0
package io.penstock.itests.storm;

import java.nio.ByteBuffer;

/** The bytes of a stream: each follows from the stream's number and its own place. */
final class Bytes {
  private Bytes() {}

  /** The next bytes to write, from a place on. */
  static ByteBuffer at(long stream, long from, int count) {
    ByteBuffer bytes = ByteBuffer.allocate(count);
    for (int i = 0; i < count; i++) {
      bytes.put(i, one(stream, from + i));
    }
    return bytes;
  }

  /** The place of the first byte that is wrong, or -1. */
  static long wrong(long stream, long from, ByteBuffer bytes) {
    for (int i = 0; i < bytes.remaining(); i++) {
      if (bytes.get(bytes.position() + i) != one(stream, from + i)) {
        return from + i;
      }
    }
    return -1;
  }

  private static byte one(long stream, long place) {
    long mixed = (stream * 0x9E3779B97F4A7C15L) ^ (place * 0xC2B2AE3D27D4EB4FL);
    return (byte) (mixed ^ mixed >>> 29 ^ mixed >>> 47);
  }
}
