// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.poller;

import java.nio.channels.SelectionKey;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The entries that share one selectable channel, and so one key: a socket's source and its sink.
 * Used with the turn to poll only.
 */
final class KeyGroup {
  private final List<Entry> entries = new ArrayList<>(1);
  private @Nullable SelectionKey key;

  /** Gives the group its key, once. */
  void key(SelectionKey value) {
    key = value;
  }

  @Nullable SelectionKey key() {
    return key;
  }

  void add(Entry entry) {
    entries.add(entry);
  }

  /** Removes an entry. Returns whether nobody is left. */
  boolean remove(Entry entry) {
    entries.remove(entry);
    return entries.isEmpty();
  }

  List<Entry> entries() {
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
