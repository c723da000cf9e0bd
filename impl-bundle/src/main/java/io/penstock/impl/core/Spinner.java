// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.core;

import io.penstock.impl.buffer.Paced;
import io.penstock.impl.engine.Parker;

/**
 * How long a call looks again before its thread is parked, and how long it is held back once there
 * is something, while more is coming. There is one for each end, used by the holder of the turn.
 *
 * <p>Parking and waking cost far more than moving a few bytes. So looking for about twice that cost
 * pays when the other side is at work on another core, and is a waste when it is not. Which case
 * holds is learned: after looks in vain the next ones are left out, the more the longer that goes
 * on.
 *
 * <p>A look may be in vain because the other side waits for this very core. Yielding to it once
 * costs a fraction of parking, and lets it fill or empty the whole buffer before the core comes
 * back. If an unrelated thread takes the core for long instead, that is learned, too.
 *
 * <p>Holding back keeps two busy sides from fetching each other's cache lines for each byte: the
 * reader that caught up lets the writer run ahead again, as long as every look finds more than the
 * one before, up to half of the buffer or the end of the budget.
 */
public final class Spinner {
  @SuppressWarnings("unused")
  private long p0, p1, p2, p3, p4, p5, p6, p7;
  private static final long MOST_NANOS = 50_000;
  private static final long LEAST_NANOS = 5_000;
  private static final int MOST_LEFT_OUT = 255;
  // Moving a whole buffer in small pieces takes less; a stranger's time slice takes milliseconds.
  private static final long SHORT_ABSENCE_NANOS = 250_000;
  private static final int MOST_LEFT_OUT_AFTER_LONG = 65_535;
  private static final int FIRST_PAUSE = 4;
  private static final int LONGEST_PAUSE = 64;
  // Looks in vain, each longer than the one before: large moves come in large steps.
  private static final int PATIENCE = 2;
  private static final int PROBE_EACH = 64;
  private static final int PROBE_SELDOM = 4096;
  // About what a byte takes there and back where the cores are far from each other.
  private static final int GLANCES = 64;
  private static final boolean ONE_CORE = Runtime.getRuntime().availableProcessors() == 1;

  private final long fixed;
  private final long enough;
  private final int worth;
  private long wakeCost = MOST_NANOS / 2;
  private int leaveOut;
  private int leftOut;
  // How many times not to give way, and how often that was left out since; as the two above.
  private int stay;
  private int stayed;
  private boolean streaming;
  // A caller asks the less often whether bytes flow, the less comes of it. So a flood after many
  // round trips goes unpaced for so many calls, which takes a fraction of a millisecond.
  private int probeEach = PROBE_EACH;
  private int untilProbe;
  private volatile long wokenAt;

  private Spinner(long fixed, long enough, int worth) {
    this.fixed = fixed;
    this.enough = enough;
    this.worth = worth;
  }

  /**
   * One that learns.
   *
   * @param enough how many bytes end holding back
   */
  public static Spinner adaptive(long enough) {
    return adaptive(enough, 1);
  }

  /**
   * One that learns, for a stream on which giving way does not pay for small pieces.
   *
   * @param enough how many bytes end holding back
   * @param worth how many bytes giving way has to bring, or else it was in vain
   */
  public static Spinner adaptive(long enough, int worth) {
    return new Spinner(-1, enough, worth);
  }

  /**
   * One that always looks for so long.
   *
   * @param nanos 0 for not at all
   * @param enough how many bytes end holding back
   */
  public static Spinner fixed(long nanos, long enough) {
    return new Spinner(nanos, enough, 1);
  }

  /**
   * Looks a few times, for a microsecond or two, before a try that would be in vain: such a try
   * tells the other side that the caller waits, and looks at the clock. Left out where looks have
   * been in vain of late.
   */
  void glance(End end) {
    if (fixed != 0 && leaveOut == 0 && !ONE_CORE) {
      int looks = 0;
      while (looks < GLANCES && nothingYet(end)) {
        looks++;
      }
    }
  }

  /** One look. */
  private boolean nothingYet(End end) {
    if (end.likely()) {
      return false;
    }
    Paced it = end.paced();
    // Where bytes flow the writer is at work on that very memory.
    if (it != null && !streaming) {
      it.fetchNext();
    }
    Thread.onSpinWait();
    return true;
  }

  /**
   * Looks until a try is worth it.
   *
   * @param left nanoseconds until the call's limit
   * @return false if it was in vain, or left out
   */
  boolean look(End end, long left) {
    Parker clock = end.engine.parker();
    long budget = budget(left);
    if (budget <= 0) {
      return false;
    }
    long start = clock.nanoTime();
    int looks = 0;
    while (nothingYet(end)) {
      if ((++looks & 15) == 0 && clock.nanoTime() - start >= budget) {
        inVain();
        return false;
      }
    }
    found();
    if (paces()) {
      holdBack(end, clock, start);
    }
    return true;
  }

  /**
   * How long to look, or to try, before giving way.
   *
   * @param left nanoseconds until the call's limit
   * @return nanoseconds, 0 for not at all
   */
  public long budget(long left) {
    if (fixed >= 0) {
      return Math.min(left, fixed);
    }
    if (leftOut < leaveOut) {
      leftOut++;
      return 0;
    }
    leftOut = 0;
    long most = Math.max(LEAST_NANOS, Math.min(MOST_NANOS, 2 * wakeCost));
    return ONE_CORE ? 0 : Math.min(left, most);
  }

  /** A look found something. */
  public void found() {
    leaveOut = 0;
  }

  /** A look found nothing for as long as it was worth it. */
  public void inVain() {
    leaveOut = Math.min(MOST_LEFT_OUT, 2 * leaveOut + 1);
  }

  /**
   * Gives way once, after looks that were in vain.
   *
   * @param left nanoseconds until the call's limit
   * @return whether a try is worth it now
   */
  boolean giveWay(End end, long left) {
    if (!givesWay(left)) {
      return false;
    }
    boolean brief = away(end);
    boolean likely = end.likely();
    gaveWay(brief, likely ? worth : 0);
    return likely;
  }

  /** Whether to give way now. If so, say afterwards what came of it. */
  boolean givesWay(long left) {
    if (fixed >= 0 || left <= SHORT_ABSENCE_NANOS) {
      return false;
    }
    if (stayed < stay) {
      stayed++;
      return false;
    }
    stayed = 0;
    return true;
  }

  /** Gives way; returns whether that took no longer than the other side needs. */
  boolean away(End end) {
    Parker clock = end.engine.parker();
    long start = clock.nanoTime();
    clock.giveWay();
    return clock.nanoTime() - start <= SHORT_ABSENCE_NANOS;
  }

  /**
   * What giving way has brought.
   *
   * @param brief whether it took no longer than the other side needs
   * @param n how many bytes at least, 0 for nothing, -1 for the end
   */
  void gaveWay(boolean brief, int n) {
    if (!brief) {
      stay = Math.min(MOST_LEFT_OUT_AFTER_LONG, 8 * stay + 7);
    } else if (n < 0 || n >= worth) {
      stay /= 2;
    } else {
      stay = Math.max(stay, Math.min(MOST_LEFT_OUT, 2 * stay + 1));
    }
  }

  /** Whether a call that could go on with little may pay by being held back until there is more. */
  boolean paces() {
    return streaming || --untilProbe <= 0;
  }

  /** Holds a call back that could go on with little. */
  void pace(End end) {
    if (fixed != 0 && end.likely()) {
      Parker clock = end.engine.parker();
      holdBack(end, clock, clock.nanoTime());
    }
  }

  private void holdBack(End end, Parker clock, long start) {
    long deadline = start + (fixed > 0 ? fixed : MOST_NANOS);
    long seen = end.amount();
    boolean grew = false;
    int idle = 0;
    // Handing over moves no bytes, so the sides gain nothing by working at the same time.
    long target = end.handsOver() ? enough + enough / 2 : enough;
    for (int pause = FIRST_PAUSE; seen < target; pause = Math.min(LONGEST_PAUSE, 2 * pause)) {
      for (int i = 0; i < pause; i++) {
        Thread.onSpinWait();
      }
      long now = end.amount();
      idle = now > seen ? 0 : idle + 1;
      if (idle > PATIENCE || clock.nanoTime() - deadline >= 0) {
        break;
      }
      grew |= now > seen;
      seen = now;
    }
    boolean before = streaming;
    streaming = grew || seen >= target;
    probeEach = streaming || before ? PROBE_EACH : Math.min(PROBE_SELDOM, 2 * probeEach);
    untilProbe = probeEach;
  }

  /** Another thread is about to wake the parked thread. */
  void wakes(long now) {
    wokenAt = now;
  }

  /** The thread that was parked runs again. */
  void woke(long now) {
    long since = wokenAt;
    if (since != 0) {
      wokenAt = 0;
      wakeCost = (3 * wakeCost + Math.min(MOST_NANOS, now - since)) / 4;
    }
  }
}
