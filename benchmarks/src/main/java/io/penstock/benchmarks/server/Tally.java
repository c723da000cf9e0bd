// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.server;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.nio.ByteBuffer;

/** What came over one connection. */
final class Tally {
  private long lines;
  private long bytes;
  private long sum;

  /**
   * Some bytes.
   *
   * @return whether these were the last
   */
  boolean bytes(int count, byte last) {
    bytes += count;
    return last == '\n';
  }

  /**
   * A line.
   *
   * @param length its line feed included
   * @return whether it was the last
   */
  boolean line(int length, byte first) {
    lines++;
    bytes += length;
    sum += first;
    return length == 1;
  }

  /** What the load generator expects after the last; then it begins again. */
  ByteBuffer answer(Work work) {
    String text = work == Work.COUNT ? bytes + "\n" : lines + " " + bytes + " " + sum + "\n";
    lines = 0;
    bytes = 0;
    sum = 0;
    return ByteBuffer.wrap(text.getBytes(US_ASCII));
  }
}
