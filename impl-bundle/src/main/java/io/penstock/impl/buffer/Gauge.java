// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.buffer;

/**
 * Learns whether a writer is done with a large write sooner when it copies, or when the reader
 * takes the bytes from its array. A reader that works on the bytes while it takes them, or takes
 * few at a time, would keep the writer from its own work. Used by the writer only.
 */
final class Gauge {
  private static final int MOST_LEFT_OUT = 1023;

  /** After so many offers a write is copied, because the time of a copy may have changed. */
  private static final int MOST_IN_A_ROW = 255;

  private static final int WEIGHT = 4;

  /** 1 GB/s: a writer does not wait for a slower reader, however long a copy took. */
  private static final double SLOWEST = 1024;

  /** Nanoseconds for 1,024 bytes that are copied; 0 where that is not known. */
  private double copying;

  private int leaveOut;
  private int leftOut;
  private int inARow;

  /** Whether to offer the next large write: seldom where that did not pay. */
  boolean offers() {
    if (copying == 0 || inARow == MOST_IN_A_ROW) {
      inARow = 0;
      return false;
    }
    if (leftOut > 0) {
      leftOut--;
      return false;
    }
    inARow++;
    return true;
  }

  /** How long copying takes for so many bytes, in nanoseconds. */
  long copying(long bytes) {
    return (long) (copying * bytes / 1024);
  }

  /** So many bytes were copied within so many nanoseconds. */
  void copied(int bytes, long nanos) {
    double now = Math.min(SLOWEST, nanos * 1024. / bytes);
    if (copying == 0) {
      copying = now;
    } else if (now < copying) {
      // The first ones include what the JVM does once.
      copying = (copying + now) / 2;
    } else {
      // A thread that loses its processor in the middle says little.
      copying += (Math.min(now, 2 * copying) - copying) / WEIGHT;
    }
  }

  /**
   * What an offer has come to.
   *
   * @param all whether all bytes were taken
   * @param nanos how long that took since the first of them
   */
  void offered(int bytes, boolean all, long nanos) {
    boolean pays = all && nanos <= copying(bytes);
    leaveOut = pays ? leaveOut / 2 : Math.min(MOST_LEFT_OUT, 2 * leaveOut + 1);
    leftOut = leaveOut;
  }
}
