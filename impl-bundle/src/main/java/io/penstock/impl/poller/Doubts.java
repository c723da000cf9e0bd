// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.poller;

import io.penstock.impl.engine.Canary;
import java.nio.channels.SelectionKey;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Set;

/**
 * The keys that the system may not watch, though it was asked to, and when it is asked anew for
 * them. Those that came within half a second are asked for together, so that there are two dozen
 * groups at the most, and a key in no doubt weighs nothing here. Used with the turn to poll only.
 */
final class Doubts {
  private static final long TOGETHER_NANOS = Canary.PERIOD_NANOS / 2;

  /** Keys that are asked for at the same times. */
  private static final class Together {
    final Set<SelectionKey> keys = Collections.newSetFromMap(new IdentityHashMap<>());
    final long since;
    int rounds;
    long due;

    Together(long now) {
      since = now;
      due = now + Canary.pause(0);
    }
  }

  private final List<Together> all = new ArrayList<>();

  /** From now on the system is asked anew for a key, {@link Canary#ROUNDS} times. */
  void add(SelectionKey key, long now) {
    remove(key);
    boolean unused = open(now).keys.add(key);
  }

  /** The group that a key of now belongs to. */
  private Together open(long now) {
    for (Together each : all) {
      // One that is overdue takes more: nobody asks, as long as the poller never has to wait.
      if (each.rounds == 0 && (now - each.since <= TOGETHER_NANOS || each.due - now <= 0)) {
        return each;
      }
    }
    Together fresh = new Together(now);
    all.add(fresh);
    return fresh;
  }

  /** A key is of no interest any more. */
  void remove(SelectionKey key) {
    for (Iterator<Together> each = all.iterator(); each.hasNext(); ) {
      Together one = each.next();
      if (one.keys.remove(key)) {
        if (one.keys.isEmpty()) {
          each.remove();
        }
        return;
      }
    }
  }

  /** Forgets all. */
  void clear() {
    all.clear();
  }

  /** The keys for which the system is to be asked anew now. */
  List<SelectionKey> due(long now) {
    List<SelectionKey> due = new ArrayList<>();
    for (Iterator<Together> each = all.iterator(); each.hasNext(); ) {
      Together one = each.next();
      if (one.due - now <= 0) {
        due.addAll(one.keys);
        one.rounds++;
        one.due = now + Canary.pause(one.rounds);
      }
      if (one.rounds == Canary.ROUNDS) {
        each.remove();
      }
    }
    return due;
  }

  /** Whether there is none. */
  boolean isEmpty() {
    return all.isEmpty();
  }

  /** How many groups there are. */
  int groups() {
    return all.size();
  }

  /** When the next ones are due, if there are any. */
  long next() {
    long next = all.get(0).due;
    for (Together each : all) {
      next = each.due - next < 0 ? each.due : next;
    }
    return next;
  }
}
