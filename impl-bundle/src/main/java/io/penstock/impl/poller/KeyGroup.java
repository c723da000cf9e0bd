// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.poller;

import io.penstock.impl.engine.Canary;
import java.nio.channels.SelectionKey;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The entries that share one selectable channel, and so one key: a socket's source and its sink.
 * Used with the turn to poll only.
 */
final class KeyGroup {
  private static final Entry[] NOBODY = {};

  // Copied on write: there are one or two, and a group must weigh little.
  private Entry[] entries = NOBODY;
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
    Entry[] more = Arrays.copyOf(entries, entries.length + 1);
    more[entries.length] = entry;
    entries = more;
  }

  /** Removes an entry. Returns whether nobody is left. */
  boolean remove(Entry entry) {
    entries = Arrays.stream(entries).filter(e -> e != entry).toArray(Entry[]::new);
    return entries.length == 0;
  }

  /** The entries now; not to be changed. */
  Entry[] entries() {
    return entries;
  }

  /** What somebody watches for. */
  int ops() {
    int ops = 0;
    for (Entry entry : entries) {
      ops |= entry.ops;
    }
    return ops;
  }
}
