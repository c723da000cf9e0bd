// SPDX-License-Identifier: Apache-2.0
package io.penstock.testing;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.locks.ReentrantLock;

/**
 * What the next try of one direction meets, by its script. One thread at a time tries; all methods
 * are safe for any thread.
 */
final class FaultPlan {
  /** What a try meets. */
  enum Step {
    /** The channel below is tried. */
    GO,
    /** It is refused, and so is each until the delay has passed. */
    WAIT,
    /** It is refused; another is worthwhile at once. */
    REFUSE,
    /** It is refused, and each until the peer goes on. */
    STALL,
    /** It fails by an error. */
    ERROR,
    /** The connection is cut. */
    RESET,
    /** The stream is cut short, and says so. */
    TRUNCATE,
    /** The stream ends early. */
    END
  }

  private static final int REMEMBERED = 10_000;

  private final String direction;
  private final Random random;
  private final long pieces;
  private final long burst;
  private final long longest;
  private final long error;
  private final long reset;
  private final long truncate;
  private final long end;
  private final long stall;

  private final ReentrantLock lock = new ReentrantLock();
  private final List<String> faults = new ArrayList<>();
  // The present piece, under the lock.
  private boolean begun;
  private boolean told;
  private long pieceEnd;
  private long refusals;
  private long delay;
  // Written under the lock.
  private volatile long moved;
  private volatile long operations;
  private volatile Step fate = Step.GO;
  private volatile boolean resumed;

  FaultPlan(String direction, FaultScript script) {
    this.direction = direction;
    random = new Random(script.get(FaultScript.SEED, 0));
    pieces = script.get(FaultScript.PIECES, 0);
    burst = script.get(FaultScript.REFUSALS, 0);
    longest = script.get(FaultScript.DELAY, 0);
    error = script.get(FaultScript.ERROR, Long.MAX_VALUE);
    reset = script.get(FaultScript.RESET, Long.MAX_VALUE);
    truncate = script.get(FaultScript.TRUNCATE, Long.MAX_VALUE);
    end = script.get(FaultScript.END, Long.MAX_VALUE);
    stall = script.get(FaultScript.STALL, Long.MAX_VALUE);
  }

  /** What the next try meets, as far as it is decided by where the stream is. */
  Step due() {
    Step known = fate;
    long at = moved;
    if (known != Step.GO) {
      return known;
    } else if (at >= stall && !resumed) {
      return Step.STALL;
    } else if (operations + 1 >= error) {
      return Step.ERROR;
    } else if (at >= reset) {
      return Step.RESET;
    } else if (at >= truncate) {
      return Step.TRUNCATE;
    } else if (at >= end) {
      return Step.END;
    }
    return Step.GO;
  }

  /** Whether the next operation that would move bytes is the first one to fail by an error. */
  boolean erring() {
    return fate == Step.GO && due() == Step.ERROR;
  }

  /** What this try meets. */
  Step next() {
    lock.lock();
    try {
      return met();
    } finally {
      lock.unlock();
    }
  }

  private Step met() {
    Step due = due();
    if (due == Step.STALL) {
      note("stalled");
      return due;
    }
    if (due != Step.GO) {
      if (fate == Step.GO) {
        fate = due;
        note(
            switch (due) {
              case ERROR -> "failed";
              case RESET -> "reset";
              case TRUNCATE -> "truncated";
              default -> "ended";
            });
      }
      return due;
    }
    begin();
    if (!told) {
      tell();
    }
    if (delay > 0) {
      return Step.WAIT;
    }
    if (refusals > 0) {
      refusals--;
      note("refused");
      return Step.REFUSE;
    }
    return Step.GO;
  }

  /** Draws the next piece if that has not been done. */
  private void begin() {
    if (begun) {
      return;
    }
    begun = true;
    told = false;
    pieceEnd = pieces > 0 ? moved + 1 + draw(pieces - 1) : Long.MAX_VALUE;
    refusals = draw(burst);
    delay = draw(longest);
  }

  /** The list is that of the tries, so that it is the same however often the room is asked for. */
  private void tell() {
    told = true;
    if (pieces > 0) {
      note("a piece of " + (pieceEnd - moved) + " bytes");
    }
    if (delay > 0) {
      note("delayed by " + delay + " ns");
    }
  }

  private long draw(long most) {
    return most <= 0 ? 0 : Math.floorMod(random.nextLong(), most + 1);
  }

  /** How long nothing moves now; asked once for each delay. */
  Duration delay() {
    lock.lock();
    try {
      Duration now = Duration.ofNanos(delay);
      delay = 0;
      return now;
    } finally {
      lock.unlock();
    }
  }

  /** How many bytes the next try may move; 0 if it is refused or fails. */
  long room() {
    lock.lock();
    try {
      if (due() != Step.GO) {
        return 0;
      }
      begin();
      return delay > 0 || refusals > 0 ? 0 : left();
    } finally {
      lock.unlock();
    }
  }

  /** How many bytes this try may move. */
  int limit(int wanted) {
    lock.lock();
    try {
      return (int) Math.min(wanted, left());
    } finally {
      lock.unlock();
    }
  }

  private long left() {
    long next = pieceEnd;
    for (long at : new long[] {reset, truncate, end, resumed ? Long.MAX_VALUE : stall}) {
      next = Math.min(next, at);
    }
    return next == Long.MAX_VALUE ? next : next - moved;
  }

  /** A try has moved bytes. */
  void moved(int bytes) {
    lock.lock();
    try {
      long now = moved + bytes;
      long done = operations + 1;
      moved = now;
      operations = done;
      if (pieces == 0 || now >= pieceEnd) {
        begun = false;
      }
    } finally {
      lock.unlock();
    }
  }

  long moved() {
    return moved;
  }

  long operations() {
    return operations;
  }

  /** Whether there was a stalled peer to let go on. */
  boolean resume() {
    lock.lock();
    try {
      boolean stalled = due() == Step.STALL;
      resumed = true;
      return stalled;
    } finally {
      lock.unlock();
    }
  }

  private void note(String what) {
    String line = direction + ", byte " + moved + ": " + what;
    lock.lock();
    try {
      if (faults.size() < REMEMBERED && (!what.equals("stalled") || !faults.contains(line))) {
        faults.add(line);
      }
    } finally {
      lock.unlock();
    }
  }

  List<String> faults() {
    lock.lock();
    try {
      return List.copyOf(faults);
    } finally {
      lock.unlock();
    }
  }
}
