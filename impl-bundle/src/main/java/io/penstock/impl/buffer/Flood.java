// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.buffer;

import java.util.concurrent.atomic.AtomicLongArray;

/**
 * Learns whether so much goes through a pipe, and so fast, that a ring larger than the capacity
 * pays. A writer that comes back to memory soon finds it in the reader's cache, from which it comes
 * slowly. Used by the writer only.
 *
 * <p>There are no more floods at once than processors. Among more pipes the sides take turns at a
 * processor, and then all of their rings should fit its cache.
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

  private final Leases leases;
  private int lease = -1;
  private long until;
  private long bytesBefore;
  private long writesBefore;
  private long since;
  private boolean begun;
  private boolean lasting;

  /** One that knows of nothing yet. */
  Flood(Leases leases) {
    this.leases = leases;
  }

  /**
   * Which floods there are. A pipe may end, be forgotten or stand still at any time, so each is
   * there for a while only, unless it says again that it is.
   */
  static final class Leases {
    /** A flood may be somewhat slower than when it began. */
    static final long NANOS = 4 * LONGEST_NANOS;

    // Until when, in nanoseconds; 0 for never.
    private final AtomicLongArray ends;

    Leases(int most) {
      ends = new AtomicLongArray(most);
    }
  }

  /** Whether this may be one of the floods that there are. */
  private boolean hasLease(long now) {
    long next = now + Leases.NANOS;
    if (lease >= 0 && leases.ends.compareAndSet(lease, until, next)) {
      until = next;
      return true;
    }
    for (lease = leases.ends.length() - 1; lease >= 0; lease--) {
      long end = leases.ends.get(lease);
      if ((end == 0 || end - now < 0) && leases.ends.compareAndSet(lease, end, next)) {
        until = next;
        return true;
      }
    }
    return false;
  }

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
    boolean pays = lasting ? SMALLER * got >= atLeast : fast && got >= atLeast;
    lasting = pays && hasLease(now);
    begun = true;
    since = now;
    bytesBefore = bytes;
    writesBefore = writes;
  }
}
