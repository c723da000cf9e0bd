// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats.impl.pipe;

import io.nats.client.Message;
import io.nats.client.support.JsonValueUtils.MapBuilder;
import io.penstock.nats.impl.link.Api;
import io.penstock.nats.impl.link.Feed;
import io.penstock.nats.impl.link.LinkException;
import io.penstock.nats.impl.pipe.KeyStore.Stored;
import io.penstock.spi.Messages;
import java.io.Closeable;
import java.lang.System.Logger.Level;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/** Fetches what the reader reads next, as much as may be in memory. All on the link's thread. */
final class Fetching implements Feed.Drain, Closeable {
  private static final System.Logger LOG = Messages.log("nats");

  private static final long UNKNOWN = -1;

  /** More than subjects and headers take up. */
  private static final int HEADER = 1024;

  private final NatsContent content;
  private final KeyStore store;
  private final Reading reading;
  private final PipeSettings settings;
  private @Nullable Feed feed;
  private long nextSequence;
  private long epoch;

  /** The last entry of that epoch that counts; unknown after a move. */
  private long number = UNKNOWN;

  /** The reader has been told of a corrupt message, and of those before it. */
  private long told;

  /** The last one of which the log tells, as the reader was past it. */
  private long logged;

  /** The corrupt messages that the reader has gone past since the last entry, and the first one. */
  private long passed;

  private long firstPassed;

  private boolean paused;
  private boolean comparing;
  private long searches;
  private @Nullable Long wanted;

  Fetching(NatsContent content, KeyStore store, Reading reading, Cursor begin) {
    this.content = content;
    this.store = store;
    this.reading = reading;
    this.settings = content.settings;
    this.nextSequence = begin.sequence();
    this.epoch = begin.epoch();
  }

  void begin() {
    feed = new Feed(content.link, settings.stream(), null, this);
    more();
  }

  /** There may be room for more. */
  void more() {
    Feed mine = feed;
    if (mine == null || paused) {
      return;
    }
    mine.room(settings.window() - reading.stock(), settings.block() + HEADER);
  }

  /** Nothing more is fetched until the reader goes elsewhere. */
  void pause() {
    paused = true;
  }

  @Override
  public void from(MapBuilder config) {
    config.put("deliver_policy", "by_start_sequence").put("opt_start_seq", nextSequence);
  }

  @Override
  public void begun(long pending) {
    reading.moreIsThere(pending > 0);
    more();
  }

  @Override
  public void message(Message message, long sequence, long pending) {
    if (wanted != null || paused || comparing) {
      // Something is looked for, or cannot be read; what was on its way is of no use.
      return;
    }
    if (sequence > nextSequence) {
      compare(sequence);
      return;
    }
    reading.moreIsThere(pending > 0);
    Entry entry = Entry.read(message.getHeaders(), message.getData());
    if (entry == null) {
      broken(sequence);
      return;
    }
    nextSequence = sequence + 1;
    if (entry.epoch() > epoch) {
      epoch = entry.epoch();
      number = UNKNOWN;
    }
    if (entry.epoch() == epoch) {
      accept(entry, sequence);
    }
    more();
  }

  /**
   * The messages before one did not come. A consumer reads the copy of one server, which may lack
   * what the leader has: a server that was killed may leave messages out for a while. So they are
   * missing only if the leader does not have them either.
   */
  private void compare(long sequence) {
    comparing = true;
    long mine = searches;
    long expected = nextSequence;
    Api.end(
        content.link,
        present(expected, sequence),
        (next, failure) -> {
          if (mine == searches && !content.isOver()) {
            if (failure == null) {
              nextSequence = next;
            }
            LOG.log(
                Level.DEBUG,
                "{0}: after message {1} came {2}; the leader has {3}",
                settings.shown(),
                expected - 1,
                sequence,
                failure == null ? next : failure.getMessage());
            // Perhaps the next consumer is on a server that has it.
            Future<?> unusedToo = content.link.after(Tries.PAUSE, () -> goOn(mine));
          }
        });
  }

  /**
   * The message to go on with.
   *
   * @param expected the one that did not come
   * @param come the one that came in its place
   * @return completes with the one that was expected, if the leader has it
   */
  private CompletableFuture<Long> present(long expected, long come) {
    return store
        .range()
        .thenCompose(
            range -> {
              if (range.last() < come) {
                return CompletableFuture.failedFuture(store.old());
              }
              return range.first() > expected
                  ? CompletableFuture.completedFuture(range.first())
                  : store.at(expected).thenApply(at -> at.sequence() == 0 ? come : expected);
            });
  }

  private void goOn(long search) {
    Feed mine = feed;
    if (search == searches && mine != null) {
      comparing = false;
      mine.restartElsewhere();
    }
  }

  private void restart() {
    Feed mine = feed;
    if (mine != null) {
      mine.restart();
    }
  }

  private void accept(Entry entry, long sequence) {
    if (number == UNKNOWN || entry.number() <= number + 1) {
      // An earlier number may come again: it is the same entry.
      number = entry.number();
      passed = 0;
      reading.fetched(entry, sequence);
    } else if (entry.acked() > number && reading.hasAllBefore(entry)) {
      // The writer of the same pipe was quicker, and what it gave was read and removed meanwhile.
      number = entry.number();
      passed = 0;
      reading.fetched(entry, sequence);
    } else if (entry.acked() > number && passed > 0) {
      // They were entries, and not foreign. Some behind them may have been left out as not
      // counting.
      number = Math.min(number + passed, entry.acked());
      passed = 0;
      nextSequence = firstPassed + 1;
      restart();
    } else if (entry.acked() > number) {
      pause();
      reading.lost(entry.position());
    }
    // Else it was taken without the one before it, and its writer sends both again.
  }

  private void broken(long sequence) {
    boolean past = reading.isPast(sequence);
    if (past) {
      log(sequence);
    }
    if (past || sequence <= told) {
      pass(sequence);
      more();
      return;
    }
    told = sequence;
    pause();
    long mine = searches;
    long before = number;
    Api.end(
        content.link,
        store.at(sequence + 1),
        (next, failure) -> {
          Entry entry = failure == null ? next.entry() : null;
          if (entry != null && entry.epoch() < epoch) {
            // Of a writer that was fenced: it does not count.
            entry = null;
          }
          if (mine == searches && reading.isPast(sequence)) {
            told = sequence - 1;
            paused = false;
            log(sequence);
            pass(sequence);
            // What has come meanwhile was dropped.
            restart();
          } else if (mine == searches) {
            boolean complete =
                entry != null
                    && before != UNKNOWN
                    && entry.epoch() == epoch
                    && entry.acked() <= before;
            reading.corrupt(sequence, entry, complete);
          } else {
            told = sequence - 1;
          }
        });
  }

  private void pass(long sequence) {
    firstPassed = passed == 0 ? sequence : firstPassed;
    passed++;
    nextSequence = sequence + 1;
  }

  /** The reader cannot be told: it is elsewhere by now, and misses nothing. */
  private void log(long sequence) {
    if (sequence > logged) {
      LOG.log(
          logged == 0 ? Level.WARNING : Level.DEBUG,
          "{0}: message {1} is corrupt, or not of its writer; its reader misses nothing",
          settings.shown(),
          sequence);
      logged = sequence;
    }
  }

  @Override
  public void troubled(LinkException why) {
    content.troubled(why, reading.committed());
  }

  /** The connection is there again; the feed begins anew by itself. */
  void resume() {
    Long position = wanted;
    if (position != null) {
      seek(position);
    }
  }

  /** What does not come though the leader has had it may have gone from the servers. */
  @Override
  public void behind() {
    if (content.writing() != null) {
      // What it has given its reader may be removed before the servers send it.
      return;
    }
    long mine = searches;
    long expected = nextSequence;
    Api.end(
        content.link,
        store.range(),
        (range, failure) -> {
          boolean here = mine == searches && expected == nextSequence && wanted == null;
          if (failure == null
              && range.first() > expected
              && range.last() >= expected
              && here
              && !paused
              && !content.isOver()) {
            pause();
            reading.lost(-1);
          }
        });
  }

  // ---- elsewhere

  /** Goes on at a position. */
  void seek(long position) {
    wanted = position;
    long mine = ++searches;
    Spots.Spot spot = reading.spot(position);
    if (spot != null) {
      found(spot.sequence(), spot.epoch());
      return;
    }
    reading.forgetSpots();
    Api.end(
        content.link,
        store
            .range()
            .thenCompose(range -> search(position, range.first(), range.first(), range.last())),
        (sequence, failure) -> {
          if (mine != searches || content.isOver()) {
            return;
          }
          if (failure == null) {
            found(sequence, 0);
          } else {
            LOG.log(Level.DEBUG, "{0}: a position is looked for again", content.name, failure);
            Future<?> unusedToo =
                content.link.after(
                    Tries.PAUSE,
                    () -> {
                      if (mine == searches && wanted != null) {
                        seek(position);
                      }
                    });
          }
        });
  }

  private void found(long sequence, long writer) {
    wanted = null;
    paused = false;
    nextSequence = sequence;
    epoch = writer;
    number = UNKNOWN;
    passed = 0;
    comparing = false;
    restart();
  }

  /**
   * A message at a position or before. Entries of a writer that was fenced are out of order, so it
   * goes back as far as there may be any.
   */
  private CompletableFuture<Long> search(long position, long first, long low, long high) {
    if (low >= high) {
      return CompletableFuture.completedFuture(Math.max(first, low - 2L * Writing.MOST_ON_THE_WAY));
    }
    long middle = low + (high - low + 1) / 2;
    return store
        .at(middle)
        .thenCompose(
            (Stored stored) -> {
              Entry entry = stored.entry();
              return entry != null && entry.position() > position
                  ? search(position, first, low, middle - 1)
                  : search(position, first, middle, high);
            });
  }

  @Override
  public void close() {
    Feed mine = feed;
    feed = null;
    if (mine != null) {
      mine.close();
    }
  }
}
