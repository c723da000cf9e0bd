// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats.impl.pipe;

import io.penstock.nats.impl.pipe.KeyStore.Stored;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/**
 * What the stream has from the last entry on that a writer knows to be taken.
 *
 * @param last the number of the last message
 * @param entries of the writer's epoch, and later ones, in order
 * @param whole whether an entry that is known to be taken is among them
 */
record Tail(long last, List<Stored> entries, boolean whole) {
  /**
   * Asks the leader. Between the entries there may be foreign messages.
   *
   * @param epoch the writer's
   * @param acked the last entry that it knows to be taken
   * @param opened the message that has opened its epoch
   */
  static CompletableFuture<Tail> find(KeyStore store, long epoch, long acked, long opened) {
    return store
        .last()
        .thenCompose(last -> back(store, epoch, acked, opened, last, last, new ArrayDeque<>()));
  }

  private static CompletableFuture<Tail> back(
      KeyStore store,
      long epoch,
      long acked,
      long opened,
      Stored last,
      Stored at,
      Deque<Stored> entries) {
    Entry entry = at.entry();
    if (entry != null && entry.epoch() >= epoch) {
      entries.addFirst(at);
    }
    boolean whole =
        entry != null
            && (entry.epoch() > epoch || (entry.epoch() == epoch && entry.number() <= acked));
    return whole || at.sequence() <= opened
        ? CompletableFuture.completedFuture(new Tail(last.sequence(), List.copyOf(entries), whole))
        : store
            .at(at.sequence() - 1)
            .thenCompose(before -> back(store, epoch, acked, opened, last, before, entries));
  }

  /** The newest epoch; 0 if there is no entry. */
  long newest() {
    long newest = 0;
    for (Stored each : entries) {
      Entry entry = each.entry();
      newest = entry == null ? newest : Math.max(newest, entry.epoch());
    }
    return newest;
  }

  /**
   * The entries that count, with the numbers of their messages. Behind a foreign message an entry
   * may have been taken whose predecessor was not: it does not count, and all readers leave it out.
   */
  Map<Long, Long> taken(long acked) {
    Map<Long, Long> taken = new HashMap<>();
    long end = acked;
    for (Stored each : entries) {
      Entry entry = each.entry();
      if (entry != null && entry.number() <= end + 1) {
        taken.put(entry.number(), each.sequence());
        end = Math.max(end, entry.number());
      }
    }
    return taken;
  }
}
