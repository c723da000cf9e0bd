// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.durable;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * What is written and has to come back: records that begin and end with a byte that follows from
 * their number. A store that loses, doubles or changes the order of records is refused.
 */
final class Content {
  private final int size;
  private long made;
  private long checked;

  Content(int size) {
    this.size = size;
  }

  private static byte mark(long number) {
    return (byte) (number * 31 + (number >> 8) * 7 + 1);
  }

  /** The next record, an array of its own, for some stores keep it. */
  byte[] next() {
    byte[] record = new byte[size];
    Arrays.fill(record, (byte) made);
    record[0] = mark(made);
    record[size - 1] = (byte) ~mark(made);
    made++;
    return record;
  }

  /** How many bytes were made. */
  long made() {
    return made * size;
  }

  /** How many bytes were looked at. */
  long checked() {
    return checked;
  }

  /** Looks at the next bytes, which are of as many records as come. */
  void check(ByteBuffer bytes) throws IOException {
    int at = bytes.position();
    while (at < bytes.limit()) {
      long number = checked / size;
      int within = (int) (checked % size);
      int step = Math.min(size - within, bytes.limit() - at);
      if (within == 0) {
        expect(number, bytes.get(at), mark(number));
      }
      if (within + step == size) {
        expect(number, bytes.get(at + step - 1), (byte) ~mark(number));
      }
      at += step;
      checked += step;
    }
    bytes.position(at);
  }

  private static void expect(long number, byte found, byte expected) throws IOException {
    if (found != expected) {
      throw new IOException("record " + number + " has " + found + ", expected " + expected);
    }
  }
}
