// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats.impl.registry;

import io.nats.client.Message;
import io.nats.client.support.JsonValueUtils.MapBuilder;
import io.penstock.nats.impl.link.Api;
import io.penstock.nats.impl.link.Feed;
import io.penstock.nats.impl.link.Link;
import io.penstock.nats.impl.link.LinkException;
import io.penstock.remote.spi.RemoteEntry;
import io.penstock.spi.LogField;
import io.penstock.spi.Messages;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The entries of a name, or of all, as the stream has them: first those that are there, then each
 * change. When its feed begins anew, it tells all of them again, and removes those that are not
 * there any more: their removal may have come while nobody heard. The feed may come from a server
 * that is still fetching what it has missed, so nothing is taken for missing before everything has
 * come that the stream's leader has. All on the link's thread.
 */
final class Watch implements Feed.Drain {
  private static final System.Logger LOG = Messages.log("nats");
  private static final int AHEAD = 256;
  private static final Duration STALLED = Duration.ofSeconds(2);
  private static final Duration AGAIN = Duration.ofMillis(200);
  private static final long PATIENCE = Duration.ofSeconds(10).toNanos();
  private static final long UNTOLD = -1;

  /** What is seen. */
  interface Sight {
    /** An entry is there. */
    void stored(RemoteEntry entry, long sequence);

    /** An entry that was told is not there any more, or one was removed that was never told. */
    void gone(String name, String key, boolean told, long sequence);

    /** All that were there were told. */
    void known();

    /** The stream is not there. */
    void lost();
  }

  private final Link link;
  private final Sight sight;
  private final String filter;
  private final Feed feed;
  private final Map<String, RemoteEntry> seen = new HashMap<>();
  private final Map<String, Long> unreadable = new HashMap<>();
  private final Set<String> fresh = new HashSet<>();
  private long left;
  // The last message that has come, and the last that the leader had at the beginning.
  private long reached;
  private long newest;
  private long leaderless;
  private long messages;
  private int beginnings;
  private boolean known;
  private boolean closed;
  private long troubled;
  private boolean complained;

  Watch(Link link, String filter, List<RemoteEntry> told, Sight sight) {
    this.link = link;
    this.filter = filter;
    this.sight = sight;
    told.forEach(entry -> seen.put(entry.key(), entry));
    this.feed = new Feed(link, Subjects.STREAM, filter, this);
    feed.want(AHEAD);
  }

  /** Ends it; nothing is seen afterwards. */
  void close() {
    closed = true;
    feed.close();
  }

  /** What was told, and not removed since. */
  List<RemoteEntry> seen() {
    return List.copyOf(seen.values());
  }

  /** Whether all that were there were told. */
  boolean isKnown() {
    return known;
  }

  @Override
  public void from(MapBuilder config) {
    config.put("deliver_policy", "last_per_subject");
  }

  @Override
  public void begun(long pending) {
    if (closed) {
      return;
    }
    if (complained) {
      LOG.log(Level.INFO, "{0}: the entries of {1} can be read again", link, filter);
    }
    troubled = 0;
    complained = false;
    fresh.clear();
    known = false;
    left = pending;
    reached = 0;
    newest = UNTOLD;
    beginnings++;
    askNewest();
    awaitEnd();
  }

  /** Without a leader no answer comes; there may be one a moment later. */
  private void askNewest() {
    int mine = beginnings;
    Object unused =
        feed.newest()
            .whenComplete(
                (last, failure) -> {
                  if (mine != beginnings || closed) {
                    return;
                  }
                  if (failure == null) {
                    leaderless = 0;
                    newest = last;
                    finishIfAll();
                  } else {
                    notTold(failure);
                  }
                });
  }

  private void notTold(Throwable failure) {
    long now = System.nanoTime();
    if (leaderless == 0) {
      leaderless = now;
    }
    if (now - leaderless < PATIENCE) {
      int mine = beginnings;
      Object unused =
          link.after(
              AGAIN,
              () -> {
                if (mine == beginnings && !closed) {
                  askNewest();
                }
              });
      return;
    }
    LOG.log(
        Level.WARNING,
        "{0}: what is known of the entries of {1} may be old: {2}",
        link,
        filter,
        LogField.cause(String.valueOf(Api.cause(failure).getMessage())));
    // Better what one server has than nothing.
    newest = 0;
    finishIfAll();
  }

  /**
   * Begins anew if nothing comes any more: some of those that were counted went meanwhile, or the
   * server does not get what the leader has.
   */
  private void awaitEnd() {
    int mine = beginnings;
    long so = messages;
    Object unused =
        link.after(
            STALLED,
            () -> {
              if (mine == beginnings && !known && !closed) {
                if (so == messages && (left > 0 || newest != UNTOLD)) {
                  feed.restart();
                } else {
                  awaitEnd();
                }
              }
            });
  }

  @Override
  public void message(Message message, long sequence, long pending) {
    if (closed) {
      return;
    }
    messages++;
    reached = sequence;
    feed.want(1);
    Subjects.Place place = Subjects.place(message.getSubject());
    if (place != null) {
      if (Markers.isMarker(message)) {
        fresh.remove(place.key());
        sight.gone(place.name(), place.key(), seen.remove(place.key()) != null, sequence);
      } else {
        stored(message, place, sequence);
      }
    }
    if (!known && !closed) {
      left = pending == 0 ? 0 : left - 1;
      finishIfAll();
    }
  }

  private void stored(Message message, Subjects.Place place, long sequence) {
    RemoteEntry entry;
    try {
      entry = EntryText.read(message.getSubject(), message.getData());
    } catch (IllegalArgumentException e) {
      // Once for each, however often the feed begins anew.
      if (!Long.valueOf(sequence).equals(unreadable.put(message.getSubject(), sequence))) {
        LOG.log(
            Level.WARNING,
            "{0}: the entry {1} is ignored: {2}",
            link,
            message.getSubject(),
            LogField.cause(String.valueOf(e.getMessage())));
      }
      if (seen.containsKey(place.key())) {
        fresh.add(place.key());
      }
      return;
    }
    unreadable.remove(message.getSubject());
    seen.put(entry.key(), entry);
    if (!known) {
      fresh.add(entry.key());
    }
    sight.stored(entry, sequence);
  }

  private void finishIfAll() {
    if (known || left > 0 || newest == UNTOLD || reached < newest) {
      return;
    }
    known = true;
    for (RemoteEntry old : seen()) {
      if (!fresh.contains(old.key())) {
        seen.remove(old.key());
        sight.gone(old.name(), old.key(), true, 0);
      }
    }
    fresh.clear();
    sight.known();
  }

  @Override
  public void troubled(LinkException why) {
    if (closed) {
      return;
    }
    if (why.code() == Api.NO_STREAM) {
      sight.lost();
      return;
    }
    long now = System.nanoTime();
    if (troubled == 0) {
      troubled = now;
    }
    // A new leader takes some seconds, which is no news.
    if (!complained && now - troubled > PATIENCE) {
      complained = true;
      LOG.log(
          Level.WARNING,
          "{0}: the entries of {1} cannot be read: {2}; trying again",
          link,
          filter,
          LogField.cause(String.valueOf(why.getMessage())));
    }
  }

  @Override
  public String toString() {
    return filter;
  }

  /** The entries of one name. */
  static List<RemoteEntry> of(@Nullable String name, List<RemoteEntry> all) {
    return name == null ? all : all.stream().filter(each -> each.name().equals(name)).toList();
  }
}
