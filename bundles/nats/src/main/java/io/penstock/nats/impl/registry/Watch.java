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
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The entries of a name, or of all, as the stream has them: first those that are there, then each
 * change. When its feed begins anew, it tells all of them again, and removes those that are not
 * there any more: their removal may have come while nobody heard. The feed comes from the copy of
 * one server. That server may still be fetching what it has missed, and may lack some for good, so
 * only the stream's leader decides what is there: the rest is read from it. All on the link's
 * thread.
 */
final class Watch implements Feed.Drain {
  private static final System.Logger LOG = Messages.log("nats");
  private static final int AHEAD = 256;
  private static final Duration STALLED = Duration.ofSeconds(2);
  private static final Duration AGAIN = Duration.ofMillis(200);
  private static final long PATIENCE = Duration.ofSeconds(10).toNanos();
  private static final long UNTOLD = -1;
  private static final int AT_ONCE = 16;
  private static final int MOST_COMPARED = 1000;

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
  private final Leader leader;
  private final Sight sight;
  private final String filter;
  private final Feed feed;
  private final Map<String, RemoteEntry> seen = new HashMap<>();
  private final Map<String, Long> unreadable = new HashMap<>();
  // The subjects that have come since the beginning, with their last number, until all is known.
  private final Map<String, Long> came = new HashMap<>();
  // Those that are still to be read from the leader, or to come from a copy.
  private final Deque<String> missing = new ArrayDeque<>();
  private int asked;
  private boolean listedAgain;
  private long left;
  // The last message that has come, and the last that the leader had at the beginning.
  private long reached;
  private long newest;
  private long leaderless;
  private long messages;
  private int beginnings;
  private boolean comparing;
  private boolean known;
  private boolean closed;
  private long troubled;
  private boolean complained;
  // The rights do not allow to read, and that was told. Other rights come with a new connection,
  // which has a new watch.
  private boolean forbidden;
  private boolean doubted;
  // Whether the leader does not tell of single messages.
  private boolean silent;

  Watch(Link link, Leader leader, String filter, List<RemoteEntry> told, Sight sight) {
    this.link = link;
    this.leader = leader;
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
    came.clear();
    missing.clear();
    asked = 0;
    comparing = false;
    known = false;
    left = pending;
    reached = 0;
    listedAgain = false;
    newest = silent ? 0 : UNTOLD;
    beginnings++;
    ask(
        feed::newest,
        last -> {
          newest = last;
          silent = false;
          doubted = false;
          compareIfAll();
        },
        () -> {
          // The servers may not allow the question.
          silent = true;
          newest = 0;
          compareIfAll();
        });
    compareIfAll();
    awaitEnd();
  }

  /**
   * Asks the leader until it answers. Without one no answer comes; there may be one a moment later.
   *
   * @param late what to do after some seconds without an answer
   */
  private <T> void ask(Supplier<CompletableFuture<T>> question, Consumer<T> then, Runnable late) {
    int mine = beginnings;
    Api.end(
        link,
        question.get(),
        (answer, failure) -> {
          if (mine != beginnings || closed) {
            return;
          }
          if (failure == null) {
            leaderless = 0;
            then.accept(answer);
            return;
          }
          long now = System.nanoTime();
          leaderless = leaderless == 0 ? now : leaderless;
          if (now - leaderless < PATIENCE) {
            again(failure, () -> ask(question, then, late));
          } else {
            doubt(failure);
            late.run();
          }
        });
  }

  private void again(Runnable what) {
    Object unused = link.after(AGAIN, guarded(what));
  }

  private void again(Throwable failure, Runnable what) {
    Object unused = link.after(LinkException.pause(Api.cause(failure), AGAIN), guarded(what));
  }

  /** Does nothing once the feed has begun anew. */
  private Runnable guarded(Runnable what) {
    int mine = beginnings;
    return () -> {
      if (mine == beginnings && !closed) {
        what.run();
      }
    };
  }

  private void doubt(Throwable failure) {
    if (!doubted) {
      doubted = true;
      LOG.log(
          Level.WARNING,
          "{0}: what is known of the entries of {1} may be old: {2}",
          link,
          filter,
          LogField.cause(String.valueOf(Api.cause(failure).getMessage())));
    }
  }

  /**
   * Begins anew if nothing comes any more: some of those that were counted went meanwhile, or the
   * server does not get what the leader has.
   */
  private void awaitEnd() {
    long so = messages;
    Object unused =
        link.after(
            STALLED,
            guarded(
                () -> {
                  if (comparing || known) {
                    return;
                  }
                  if (so == messages && (left > 0 || newest != UNTOLD)) {
                    feed.restart();
                  } else {
                    awaitEnd();
                  }
                }));
  }

  @Override
  public void message(Message message, long sequence, long pending) {
    if (closed) {
      return;
    }
    messages++;
    reached = sequence;
    feed.want(1);
    leader.reached(sequence);
    take(message.getSubject(), message, sequence);
    if (!known && !closed) {
      left = pending == 0 ? 0 : left - 1;
      compareIfAll();
    }
  }

  private void take(String subject, Message message, long sequence) {
    if (!known) {
      Long before = came.get(subject);
      if (before != null && before >= sequence) {
        // The same, or a newer one, has come while the leader was asked.
        return;
      }
      came.put(subject, sequence);
    }
    Subjects.Place place = Subjects.place(subject);
    if (place == null) {
      return;
    }
    if (Markers.isMarker(message)) {
      sight.gone(place.name(), place.key(), seen.remove(place.key()) != null, sequence);
    } else {
      stored(subject, message.getData(), sequence);
    }
  }

  private void stored(String subject, byte[] data, long sequence) {
    RemoteEntry entry;
    try {
      entry = EntryText.read(subject, data);
    } catch (IllegalArgumentException e) {
      // Once for each, however often the feed begins anew.
      if (!Long.valueOf(sequence).equals(unreadable.put(subject, sequence))) {
        LOG.log(
            Level.WARNING,
            "{0}: the entry {1} is ignored: {2}",
            link,
            subject,
            LogField.cause(String.valueOf(e.getMessage())));
      }
      return;
    }
    unreadable.remove(subject);
    seen.put(entry.key(), entry);
    sight.stored(entry, sequence);
  }

  private void compareIfAll() {
    if (comparing || known || left > 0 || newest == UNTOLD || reached < newest) {
      return;
    }
    comparing = true;
    askThere();
  }

  /** Nothing is removed before the leader has answered, however long it takes. */
  private void askThere() {
    ask(() -> leader.holds(filter), this::compare, () -> again(this::askThere));
  }

  /** The leader's answer is not older than what has come. */
  private void compare(Set<String> there) {
    for (RemoteEntry old : seen()) {
      if (!there.contains(Subjects.of(old))) {
        seen.remove(old.key());
        sight.gone(old.name(), old.key(), true, 0);
      }
    }
    // A copy may also lack what has taken the place of a message that it has.
    boolean few = there.size() <= MOST_COMPARED;
    there.stream().filter(each -> few || !came.containsKey(each)).forEach(missing::add);
    if (silent) {
      Object unused = link.after(STALLED, guarded(this::finishIfAllCame));
    } else {
      fetch();
    }
  }

  /** What the leader does not tell must come from a copy: perhaps from that of another server. */
  private void finishIfAllCame() {
    missing.removeAll(came.keySet());
    if (missing.isEmpty()) {
      finish();
    } else {
      feed.restart();
    }
  }

  private void fetch() {
    while (asked < AT_ONCE && !missing.isEmpty()) {
      String subject = missing.remove();
      asked++;
      ask(
          () -> leader.last(subject),
          found -> {
            asked--;
            if (found.message() == null) {
              // Removed meanwhile, or the server leads no more: the list tells.
              listedAgain = true;
            } else {
              take(subject, found.message(), found.sequence());
            }
            fetch();
          },
          () -> {
            asked--;
            missing.addFirst(subject);
            again(this::fetch);
          });
    }
    if (asked > 0 || !missing.isEmpty() || known || closed) {
      return;
    }
    if (listedAgain) {
      listedAgain = false;
      again(this::askThere);
    } else {
      finish();
    }
  }

  private void finish() {
    known = true;
    comparing = false;
    came.clear();
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
    if (why.kind() == LinkException.Kind.DENIED) {
      // It may begin each time, and not ask.
      if (!forbidden) {
        forbidden = true;
        complain(why);
      }
      return;
    }
    long now = System.nanoTime();
    if (troubled == 0) {
      troubled = now;
    }
    // A new leader takes some seconds, which is no news.
    if (!complained && now - troubled > PATIENCE) {
      complained = true;
      complain(why);
    }
  }

  private void complain(LinkException why) {
    LOG.log(
        Level.WARNING,
        "{0}: the entries of {1} cannot be read: {2}; trying again",
        link,
        filter,
        LogField.cause(String.valueOf(why.getMessage())));
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
