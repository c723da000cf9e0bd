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

  /**
   * The writes of a flood that lasts may be so much smaller. It may be as slow as it likes: a
   * stream that comes in bursts would make a ring for each of them.
   */
  private static final int SMALLER = 2;

  private long bytesBefore;
  private long writesBefore;
  private long since;
  private boolean begun;
  private boolean lasting;

  /** Whether enough has gone through to tell it {@link #passed}. */
  boolean isDue(long bytes) {
    return bytes - bytesBefore >= WINDOW;
  }

  /** Whether there is a flood, as far as is known. */
  boolean lasts() {
    return lasting;
  }

  /** There is no memory for the larger ring: none is made before another window was fast. */
  void stop() {
    lasting = false;
  }

  /**
   * A window has gone through.
   *
   * @param bytes how many bytes have gone through in all
   * @param writes how many writes have brought them
   * @param now in nanoseconds
   */
  void passed(long bytes, long writes, long now) {
    boolean fast = begun && now - since <= LONGEST_NANOS;
    long atLeast = LEAST_WRITE * (writes - writesBefore);
    long got = bytes - bytesBefore;
    lasting = lasting ? SMALLER * got >= atLeast : fast && got >= atLeast;
    begun = true;
    since = now;
    bytesBefore = bytes;
    writesBefore = writes;
  }
}
