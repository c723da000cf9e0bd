// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.buffer;

/**
 * Learns whether so much goes through a pipe, and so fast, that a ring larger than the capacity
 * pays. A writer that comes back to memory soon finds it in the reader's cache, from which it comes
 * slowly. Used by the writer only.
 */
final class Flood {
  /** So many bytes are looked at together. */
  static final long WINDOW = 16 * 1024 * 1024;

  /** They take no longer: 100 MB/s. A pipe that moves less gains nothing that a user would see. */
  static final long LONGEST_NANOS = 160_000_000;

  /** With smaller writes it is the calls that take the time. */
  static final long LEAST_WRITE = 512;

  private long bytesBefore;
  private long writesBefore;
  private long since;
  private boolean begun;

  /** Whether enough has gone through to ask {@link #lasts}. */
  boolean isDue(long bytes) {
    return bytes - bytesBefore >= WINDOW;
  }

  /**
   * Whether what has gone through since the last question was a flood.
   *
   * @param bytes how many have gone through in all
   * @param writes how many writes have brought them
   * @param now in nanoseconds
   */
  boolean lasts(long bytes, long writes, long now) {
    boolean fast = begun && now - since <= LONGEST_NANOS;
    boolean large = bytes - bytesBefore >= LEAST_WRITE * (writes - writesBefore);
    begun = true;
    since = now;
    bytesBefore = bytes;
    writesBefore = writes;
    return fast && large;
  }
}
