// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.poller;

import io.penstock.impl.engine.Parker;
import java.util.Comparator;
import java.util.Objects;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * When which source is to be looked at though nothing comes, because of its framing's limits. The
 * selector waits no longer than until the next: no thread and no timer tells of it. With the turn
 * to poll only.
 *
 * <p>An alarm that is put off stays where it is, and is set again when it has rung: so a source
 * that works costs one look in each of its limits, and not a change for each frame.
 */
final class Alarms {
  private final Parker clock;
  private final TreeSet<Pace> set =
      new TreeSet<>(Comparator.comparing(Alarms::alarm, Alarms::compare));
  private long count;

  Alarms(Parker clock) {
    this.clock = clock;
  }

  private static Pace.Alarm alarm(Pace pace) {
    return Objects.requireNonNull(pace.alarm(), "alarm");
  }

  private static int compare(Pace.Alarm one, Pace.Alarm two) {
    long apart = one.at() - two.at();
    return apart != 0 ? Long.signum(apart) : Long.compare(one.number(), two.number());
  }

  long now() {
    return clock.nanoTime();
  }

  /** Has a source looked at then, or before. */
  void set(Pace pace, long at) {
    Pace.Alarm earlier = pace.alarm();
    if (earlier != null) {
      if (earlier.at() - at <= 0) {
        return;
      }
      set.remove(pace);
    }
    pace.alarm(new Pace.Alarm(at, count++));
    set.add(pace);
  }

  /** Forgets a source. */
  void clear(@Nullable Pace pace) {
    if (pace != null && pace.alarm() != null) {
      set.remove(pace);
      pace.alarm(null);
    }
  }

  /** How many are set. */
  int size() {
    return set.size();
  }

  /** How long the selector may wait, in nanoseconds, if it may wait so long otherwise. */
  long left(long nanos) {
    return set.isEmpty() ? nanos : Math.min(nanos, Math.max(0, alarm(set.first()).at() - now()));
  }

  /** Tells of those whose time has come. */
  void ring(Consumer<Entry> due) {
    if (set.isEmpty()) {
      return;
    }
    long now = now();
    while (!set.isEmpty() && alarm(set.first()).at() - now <= 0) {
      Pace pace = set.pollFirst();
      if (pace != null) {
        pace.alarm(null);
        due.accept(pace.entry());
      }
    }
  }

  void clear() {
    set.clear();
  }
}
