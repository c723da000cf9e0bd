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
 * them. Those that came within half a second belong together, so that there are two dozen groups at
 * the most, and a key in no doubt weighs nothing here. Used with the turn to poll only.
 */
final class Doubts {
  /**
   * For how many keys the system is asked anew at once. For ten thousand that takes 18 ms, in which
   * nobody is served; for these less than .2 ms.
   */
  static final int AT_ONCE = 64;

  private static final long TOGETHER_NANOS = Canary.PERIOD_NANOS / 2;

  private static final SelectionKey[] NONE = {};

  /** Keys that are asked for at the same times. */
  private static final class Together {
    final Set<SelectionKey> keys = Collections.newSetFromMap(new IdentityHashMap<>());
    final long since;
    // Those of the round that is under way, and how many of them are done.
    SelectionKey[] round = NONE;
    int done;
    int rounds;
    long due;

    Together(long now) {
      since = now;
      due = now + Canary.pause(0);
    }

    /** Begins a round. */
    void begin() {
      round = keys.toArray(NONE);
      done = 0;
      rounds++;
    }

    /** Moves some keys of the round into a list, until that is full. */
    void ask(List<SelectionKey> asked, long now) {
      while (done < round.length && asked.size() < AT_ONCE) {
        SelectionKey key = round[done++];
        // It may have become of no interest.
        if (keys.contains(key)) {
          asked.add(key);
        }
      }
      if (done == round.length) {
        round = NONE;
        due = now + Canary.pause(rounds);
      }
    }

    boolean isUnderWay() {
      return round.length > 0;
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

  /**
   * The next keys for which the system is to be asked anew now, {@value #AT_ONCE} at the most. More
   * follow while a round is under way.
   */
  List<SelectionKey> due(long now) {
    List<SelectionKey> due = new ArrayList<>();
    for (Iterator<Together> each = all.iterator(); each.hasNext() && due.size() < AT_ONCE; ) {
      Together one = each.next();
      if (one.due - now <= 0) {
        if (!one.isUnderWay()) {
          one.begin();
        }
        one.ask(due, now);
      }
      if (one.rounds == Canary.ROUNDS && !one.isUnderWay()) {
        each.remove();
      }
    }
    return due;
  }

  /** Whether a round is under way, so that more keys are to be asked for soon. */
  boolean isUnderWay() {
    for (Together each : all) {
      if (each.isUnderWay()) {
        return true;
      }
    }
    return false;
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
