// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.poller;

import io.penstock.impl.engine.Canary;
import java.nio.channels.SelectionKey;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Set;

/**
 * The keys that the system may not watch, though it was asked to, and when it is asked anew for
 * them. Those that came within half a second are asked for together: a key in no doubt weighs
 * nothing here. Used with the turn to poll only.
 */
final class Doubts {
  private static final long TOGETHER_NANOS = Canary.PERIOD_NANOS / 2;

  /** Keys of one time. */
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

  /** The youngest is the last. */
  private final Deque<Together> all = new ArrayDeque<>();

  /** From now on the system is asked anew for a key, {@link Canary#ROUNDS} times. */
  void add(SelectionKey key, long now) {
    Together youngest = all.peekLast();
    if (youngest == null || youngest.rounds > 0 || now - youngest.since > TOGETHER_NANOS) {
      youngest = new Together(now);
      all.add(youngest);
    }
    boolean unused = youngest.keys.add(key);
  }

  /** A key is of no interest any more. */
  void remove(SelectionKey key) {
    for (Together each : all) {
      boolean unused = each.keys.remove(key);
    }
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
      if (one.rounds == Canary.ROUNDS || one.keys.isEmpty()) {
        each.remove();
      }
    }
    return due;
  }

  /** Whether there is none. */
  boolean isEmpty() {
    return all.isEmpty();
  }

  /** When the next ones are due, if there are any. */
  long next() {
    long next = all.element().due;
    for (Together each : all) {
      next = each.due - next < 0 ? each.due : next;
    }
    return next;
  }
}
