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
   * The writes of a flood that lasts may be so much smaller. It may be as slow as it likes, unless
   * another takes its place: a stream that comes in bursts would make a ring for each.
   */
  private static final int SMALLER = 2;

  private final Places places;
  // Which of them it has, while it lasts; else -1.
  private int place = -1;
  private long until;
  private long bytesBefore;
  private long writesBefore;
  private long since;
  private boolean begun;

  /** One that knows of nothing yet. */
  Flood(Places places) {
    this.places = places;
  }

  /**
   * The places for floods. A pipe may be forgotten, or nothing more goes through it, and then
   * nobody says that its flood is over. So a flood has its place for a while only, and takes it
   * again each time.
   */
  static final class Places {
    /** How long a flood has its place: it may become slower than it was when it began. */
    static final long NANOS = 4 * LONGEST_NANOS;

    // Until when each is taken, in nanoseconds; 0 if nobody has it.
    private final AtomicLongArray ends;

    Places(int most) {
      ends = new AtomicLongArray(most);
    }
  }

  /** Takes its place again, or any that is free. */
  private void takePlace(long now) {
    long next = now + Places.NANOS;
    if (place >= 0 && places.ends.compareAndSet(place, until, next)) {
      until = next;
      return;
    }
    for (place = places.ends.length() - 1; place >= 0; place--) {
      long end = places.ends.get(place);
      if ((end == 0 || end - now < 0) && places.ends.compareAndSet(place, end, next)) {
        until = next;
        return;
      }
    }
  }

  /** Whether enough has gone through to tell it {@link #passed}. */
  boolean isDue(long bytes) {
    return bytes - bytesBefore >= WINDOW;
  }

  /** Whether there is a flood, as far as is known. */
  boolean lasts() {
    return place >= 0;
  }

  /** It is over, or there is no memory for it: none begins before another window was fast. */
  void stop() {
    if (place >= 0) {
      // It fails if another flood has it by now.
      places.ends.compareAndSet(place, until, 0);
      place = -1;
    }
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
    boolean pays = lasts() ? SMALLER * got >= atLeast : fast && got >= atLeast;
    if (pays) {
      takePlace(now);
    } else {
      stop();
    }
    begun = true;
    since = now;
    bytesBefore = bytes;
    writesBefore = writes;
  }
}
