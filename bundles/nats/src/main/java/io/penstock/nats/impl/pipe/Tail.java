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
 * @param whole whether all entries are among them that were taken since
 * @param removed the last entry of the writer's that was taken, read and removed; 0 for none
 */
record Tail(long last, List<Stored> entries, boolean whole, long removed) {
  /**
   * Asks the leader. Between the entries there may be foreign messages.
   *
   * @param epoch the writer's
   * @param acked the last entry that it knows to be taken
   * @param opened the message that has opened its epoch
   */
  static CompletableFuture<Tail> find(KeyStore store, long epoch, long acked, long opened) {
    Search search = new Search(store, epoch, acked, opened);
    return store.last().thenCompose(last -> search.back(last, last));
  }

  /** Goes backwards from the last message. */
  private record Search(
      KeyStore store, long epoch, long acked, long opened, Deque<Stored> entries) {
    Search(KeyStore store, long epoch, long acked, long opened) {
      this(store, epoch, acked, opened, new ArrayDeque<>());
    }

    CompletableFuture<Tail> back(Stored last, Stored at) {
      Entry entry = at.entry();
      if (entry != null && entry.epoch() >= epoch) {
        entries.addFirst(at);
      }
      boolean known = entry != null && entry.epoch() == epoch && entry.number() <= acked;
      // Where an earlier one is the last, those that were acknowledged behind it are lost.
      boolean whole =
          entry != null && (entry.epoch() > epoch || (known && entry.number() == acked));
      if (whole || known || at.sequence() <= opened) {
        return CompletableFuture.completedFuture(found(last, whole, 0));
      }
      return store
          .at(at.sequence() - 1)
          .thenCompose(before -> before.sequence() == 0 ? first(last, at) : back(last, before));
    }

    /**
     * There is nothing before a message. What was there was read, if it was removed: the first
     * message that a reader leaves is the one that it has reached.
     */
    private CompletableFuture<Tail> first(Stored last, Stored at) {
      return store
          .range()
          .thenCompose(
              range -> {
                Entry entry = at.entry();
                boolean leads = range.first() == at.sequence() && range.last() >= last.sequence();
                return leads && entry != null && entry.epoch() == epoch
                    ? CompletableFuture.completedFuture(found(last, true, entry.number() - 1))
                    : CompletableFuture.failedFuture(store.old());
              });
    }

    private Tail found(Stored last, boolean whole, long removed) {
      return new Tail(last.sequence(), List.copyOf(entries), whole, removed);
    }
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

  /** What the leader has, for the error that something is gone. */
  String told(long acked) {
    StringBuilder text = new StringBuilder(96);
    if (last == 0) {
      text.append("they have no message");
    } else {
      text.append("their last message is number ").append(last);
      Entry entry = entries.isEmpty() ? null : entries.get(entries.size() - 1).entry();
      if (entry != null) {
        text.append(", which has entry ").append(entry.number());
      }
    }
    return text.append("; entry ").append(acked).append(" was acknowledged").toString();
  }

  /**
   * The entries that count, with the numbers of their messages. Behind a foreign message an entry
   * may have been taken whose predecessor was not: it does not count, and all readers leave it out.
   */
  Map<Long, Long> taken(long acked) {
    Map<Long, Long> taken = new HashMap<>();
    long end = Math.max(acked, removed);
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
