// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.poller;

import io.penstock.impl.engine.Canary;
import java.nio.channels.SelectionKey;
import org.jspecify.annotations.Nullable;

/**
 * The entries that share one selectable channel, and so one key: a socket's source and its sink.
 * Used with the turn to poll only.
 */
final class KeyGroup {
  // The others follow it by themselves, because a group must weigh little.
  private @Nullable Entry first;
  private @Nullable SelectionKey key;

  /** How often the system was asked anew for it. */
  int rounds = Canary.ROUNDS;

  /** When it is asked anew next. */
  long due;

  /** Gives the group its key, once. */
  void key(SelectionKey value) {
    key = value;
  }

  @Nullable SelectionKey key() {
    return key;
  }

  void add(Entry entry) {
    entry.nextOfKey = first;
    first = entry;
  }

  /** Removes an entry. Returns whether nobody is left. */
  boolean remove(Entry entry) {
    if (first == entry) {
      first = entry.nextOfKey;
    } else {
      for (Entry each = first; each != null; each = each.nextOfKey) {
        if (each.nextOfKey == entry) {
          each.nextOfKey = entry.nextOfKey;
        }
      }
    }
    entry.nextOfKey = null;
    return first == null;
  }

  /** The first of the entries; each leads to the next one. */
  @Nullable Entry first() {
    return first;
  }

  /** What somebody watches for. */
  int ops() {
    int ops = 0;
    for (Entry entry = first; entry != null; entry = entry.nextOfKey) {
      ops |= entry.ops;
    }
    return ops;
  }
}
