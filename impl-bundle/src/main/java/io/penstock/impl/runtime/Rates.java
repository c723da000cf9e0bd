// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.runtime;

import io.penstock.runtime.RateDTO;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.WeakHashMap;
import java.util.concurrent.TimeUnit;

/**
 * Numbers objects, and remembers what was counted at the looks of the last minute, as long as the
 * object lives. Used by one thread at a time.
 */
final class Rates {
  private static final long SECOND = TimeUnit.SECONDS.toNanos(1);
  private static final long STEP = TimeUnit.SECONDS.toNanos(5);
  private static final int STEPS = 12;
  private static final double UNKNOWN = -1;

  // By identity: none of these objects is equal to another.
  private final Map<Object, Track> tracks = new WeakHashMap<>();
  private long last;

  /** What is known of an object. */
  Track of(Object thing) {
    return tracks.computeIfAbsent(thing, any -> new Track(++last));
  }

  /** An object's number and its counters, in a fixed order. */
  static final class Track {
    private final long id;
    private final List<Counter> counters = new ArrayList<>(4);
    long toldWritten;
    long toldRead;

    Track(long id) {
      this.id = id;
    }

    long id() {
      return id;
    }

    RateDTO rate(int which, long now, long total) {
      while (counters.size() <= which) {
        counters.add(new Counter());
      }
      return counters.get(which).look(now, total);
    }
  }

  /** The two latest looks that are a second apart, and a look of each five seconds. */
  private static final class Counter {
    private long lastAt;
    private long lastTotal;
    private long beforeAt;
    private long beforeTotal;
    private int looks;
    private final long[] at = new long[STEPS];
    private final long[] totals = new long[STEPS];
    private int first;
    private int steps;

    RateDTO look(long now, long total) {
      double second = UNKNOWN;
      if (looks > 0 && now - lastAt >= SECOND) {
        second = per(now - lastAt, total - lastTotal);
        beforeAt = lastAt;
        beforeTotal = lastTotal;
        keep(now, total);
      } else if (looks > 1) {
        second = per(now - beforeAt, total - beforeTotal);
      } else if (looks == 0) {
        keep(now, total);
      }
      return new RateDTO(total, second, minute(now, total));
    }

    private void keep(long now, long total) {
      lastAt = now;
      lastTotal = total;
      looks = Math.min(looks + 1, 2);
    }

    private double minute(long now, long total) {
      while (steps > 1 && now - at[first] > STEPS * STEP) {
        first = (first + 1) % STEPS;
        steps--;
      }
      double rate =
          steps > 0 && now - at[first] >= SECOND
              ? per(now - at[first], total - totals[first])
              : UNKNOWN;
      if (steps == 0 || now - at[(first + steps - 1) % STEPS] >= STEP) {
        if (steps == STEPS) {
          first = (first + 1) % STEPS;
          steps--;
        }
        int next = (first + steps) % STEPS;
        at[next] = now;
        totals[next] = total;
        steps++;
      }
      return rate;
    }

    private static double per(long nanos, long count) {
      return (double) count * SECOND / nanos;
    }
  }
}
