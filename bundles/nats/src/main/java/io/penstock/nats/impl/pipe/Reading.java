// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats.impl.pipe;

import io.penstock.error.StorageException;
import io.penstock.error.StorageException.Kind;
import io.penstock.nats.impl.link.Api;
import io.penstock.nats.impl.link.Link;
import io.penstock.spi.content.Ahead;
import io.penstock.spi.content.Marks;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The reader's half: what was fetched and not read, the marks, and how far it is committed. Its key
 * on the servers is changed only if nobody else has changed it, so that one that was fenced commits
 * nothing.
 */
final class Reading {
  /** Each commit costs the servers as much as some records. */
  private static final long STEP = 8 << 20;

  private static final Duration LATEST = Duration.ofMillis(100);

  /** Enough for another one to read and change the key, wherever it is. */
  private static final Duration QUIET = Duration.ofMillis(500);

  private final NatsContent content;
  private final PipeSettings settings;
  private final Link link;
  private final Claim claim;
  private final ReentrantLock lock;
  private final Fetching fetching;
  private final AtomicBoolean workAsked = new AtomicBoolean();

  // Guarded by the lock; what is volatile may be read without.
  private final Ahead ahead;
  private final Marks marks;
  private final Spots spots = new Spots();
  private final Flushes flushes = new Flushes();
  private volatile long committed;
  private volatile long oldest;
  private volatile boolean moreIsThere;
  private long released;
  private long known;
  private long given;
  private long moves;
  private Cursor saved;

  // Only on the link's thread.
  private long movesDone;
  private boolean saving;
  private boolean timed;
  private boolean overdue;
  private long pauses;
  private long resumed;
  private final Alarm alarm;

  /**
   * Begins at a cursor.
   *
   * @param known how far the stream is known to be
   * @param oldest the first byte that is kept
   */
  Reading(NatsContent content, KeyStore store, Claim claim, Cursor begin, long known, long oldest) {
    this.content = content;
    this.settings = content.settings;
    this.link = content.link;
    this.lock = content.lock;
    this.claim = claim;
    this.saved = begin;
    this.committed = begin.committed();
    this.released = begin.committed();
    this.marks = new Marks(begin.stream());
    boolean unused = marks.commit(begin.committed(), false);
    this.known = known;
    this.oldest = Math.min(oldest, begin.committed());
    this.ahead = new Ahead(Integer.MAX_VALUE, begin.committed());
    this.fetching = new Fetching(content, store, this, begin);
    this.alarm = new Alarm(link, settings.ackTimeout(), this::late);
  }

  /** Begins; on the link's thread. */
  void begin() {
    claim.onDoubt(this::giveWay);
    fetching.begin();
  }

  // ---- the fetching

  /** How many bytes are in memory. */
  long stock() {
    lock.lock();
    try {
      return ahead.bytes();
    } finally {
      lock.unlock();
    }
  }

  /** Whether there are messages that have not come yet; on the link's thread. */
  void moreIsThere(boolean value) {
    moreIsThere = value;
  }

  /** An entry has come; on the link's thread. */
  void fetched(Entry entry, long sequence) {
    StorageException missing = null;
    lock.lock();
    try {
      if (moves != movesDone) {
        // The reader has gone elsewhere, and the fetching goes there next.
        return;
      }
      long end = ahead.end();
      if (entry.kind() == Entry.Kind.DATA) {
        spots.add(entry.position(), sequence, entry.epoch());
        if (entry.position() > end) {
          missing = Damage.missing(settings, end, entry.position());
          known = Math.max(known, entry.position());
          ahead.fail(missing);
        } else {
          ahead.offer(entry.block());
        }
      } else if (entry.kind() != Entry.Kind.OPEN && entry.stream() >= marks.stream()) {
        ended(entry);
      }
      known = Math.max(known, ahead.end());
    } finally {
      lock.unlock();
    }
    if (missing != null) {
      fetching.pause();
    }
    content.tell();
  }

  /**
   * The writer of the same pipe has an entry acknowledged: it need not be fetched if it is just
   * what comes next. With the lock.
   */
  void own(Entry entry, long sequence) {
    // The end of an earlier stream, at the same position, may be still to come.
    if (entry.position() != ahead.end()
        || entry.stream() > marks.next()
        || ahead.bytes() >= settings.window()) {
      return;
    }
    if (entry.kind() == Entry.Kind.DATA) {
      spots.add(entry.position(), sequence, entry.epoch());
      ahead.offer(entry.block());
      known = Math.max(known, ahead.end());
      given = ahead.end() == entry.end() ? sequence : given;
    } else if (entry.kind() != Entry.Kind.OPEN && entry.stream() >= marks.stream()) {
      ended(entry);
    }
  }

  /** Whether the writer of the same pipe has given what a message has, or what comes behind it. */
  boolean isPast(long sequence) {
    lock.lock();
    try {
      return sequence <= given;
    } finally {
      lock.unlock();
    }
  }

  /** Whether no byte and no mark is missing before an entry. */
  boolean hasAllBefore(Entry entry) {
    lock.lock();
    try {
      return entry.position() <= ahead.end() && entry.stream() <= marks.next();
    } finally {
      lock.unlock();
    }
  }

  /**
   * Entries of the writer are missing; on the link's thread.
   *
   * @param next the position of the next one; -1 if there is none yet
   */
  void lost(long next) {
    lock.lock();
    try {
      if (moves != movesDone) {
        return;
      }
      ahead.fail(Damage.missing(settings, ahead.end(), next));
      known = Math.max(known, next);
    } finally {
      lock.unlock();
    }
    content.tell();
  }

  /**
   * An entry is not what was written; on the link's thread.
   *
   * @param next the entry behind it, if that is known
   * @param complete whether that one shows that no byte is missing
   */
  void corrupt(long sequence, @Nullable Entry next, boolean complete) {
    lock.lock();
    try {
      if (moves != movesDone) {
        return;
      }
      long at = ahead.end();
      known = next == null || complete ? known : Math.max(known, next.position());
      long behind = next == null ? -1 : complete ? at : next.position();
      ahead.fail(Damage.corrupt(settings, at, sequence, behind));
    } finally {
      lock.unlock();
    }
    content.tell();
  }

  // ---- callers

  private void ended(Entry entry) {
    began(marks.put(entry.stream(), entry.mark()));
  }

  /** Another stream is a change that the servers do not have yet. */
  private void began(boolean next) {
    if (next) {
      marks.dropBefore(marks.stream());
      long unused = flushes.changed();
    }
  }

  int read(long position, ByteBuffer dst) throws IOException {
    lock.lock();
    try {
      if (position != ahead.next()) {
        moveTo(position);
      }
      return marks.meetsEnd(content.name, position) ? -1 : ahead.read(dst, marks.readable(known));
    } finally {
      lock.unlock();
      askWork();
    }
  }

  private void moveTo(long position) {
    ahead.moveTo(position);
    given = 0;
    moves++;
    link.run(
        () -> {
          movesDone++;
          fetching.seek(position);
        });
  }

  void seek(long position) {
    lock.lock();
    try {
      moveTo(position);
    } finally {
      lock.unlock();
    }
  }

  boolean ready(long position) {
    lock.lock();
    try {
      return marks.isOver(Math.max(position, ahead.next())) || ahead.has(position);
    } finally {
      lock.unlock();
    }
  }

  boolean endsAt(long position) {
    lock.lock();
    try {
      return marks.hasEnded(position);
    } finally {
      lock.unlock();
    }
  }

  long readable() {
    lock.lock();
    try {
      return marks.readable(known);
    } finally {
      lock.unlock();
    }
  }

  long known() {
    lock.lock();
    try {
      return known;
    } finally {
      lock.unlock();
    }
  }

  long oldest() {
    return oldest;
  }

  long committed() {
    return committed;
  }

  void commit(long position, boolean ended) {
    lock.lock();
    try {
      committed = position;
      long unused = flushes.changed();
      began(marks.commit(position, ended && settings.renew()));
    } finally {
      lock.unlock();
    }
    askWork();
  }

  void release(long position) {
    Writing writing = content.writing();
    lock.lock();
    try {
      released = position;
    } finally {
      lock.unlock();
    }
    if (writing != null) {
      boolean unused = writing.release(position);
    } else {
      askWork();
    }
  }

  CompletableFuture<Void> flush() {
    CompletableFuture<Void> done;
    lock.lock();
    try {
      done = flushes.flush();
    } finally {
      lock.unlock();
    }
    askWork();
    return done;
  }

  boolean isSettled() {
    lock.lock();
    try {
      return flushes.isSettled();
    } finally {
      lock.unlock();
    }
  }

  // ---- the link's thread

  private void askWork() {
    if (workAsked.compareAndSet(false, true)) {
      link.run(
          () -> {
            workAsked.set(false);
            if (!content.isOver()) {
              fetching.more();
              save();
            }
          });
    }
  }

  /** There is a connection again. Meanwhile another one may have taken over. */
  void up() {
    claim.verify(this::fence);
    resumed = pauses;
    fetching.resume();
    save();
  }

  private boolean hasNews() {
    return !flushes.isSettled() || (content.writing() == null && released != saved.released());
  }

  /** A change of a few bytes waits a moment for more, as long as the reader has enough to read. */
  private boolean isDue() {
    boolean local = content.writing() != null;
    long step = Math.max(1, Math.min(STEP, content.bound() / 4));
    return overdue
        || committed < saved.committed()
        || committed - saved.committed() >= step
        || (!local && released - saved.released() >= step)
        || marks.stream() != saved.stream()
        || isDrained()
        || flushes.isWaitedFor()
        || content.isClosed();
  }

  private void awaitDue() {
    if (!timed) {
      timed = true;
      Future<?> unused =
          link.after(
              LATEST,
              () -> {
                timed = false;
                overdue = true;
                save();
                overdue = false;
              });
    }
  }

  /** Whether the reader has read all that is there, as far as is known. */
  private boolean isDrained() {
    return ahead.next() >= ahead.end() && !moreIsThere;
  }

  /** Saves how far the reader is, if it is time. */
  void save() {
    if (saving || resumed < pauses || content.isOver()) {
      return;
    }
    Cursor now;
    long version;
    lock.lock();
    try {
      if (!hasNews()) {
        return;
      }
      if (!isDue()) {
        awaitDue();
        return;
      }
      version = flushes.version();
      // The next stream begins where this one ends, and its record is behind that end, which the
      // next reader may have to meet.
      long begin = marks.isOver(committed) ? committed - 1 : committed;
      // A replay may read before what was committed.
      long floor = Math.min(committed, ahead.next()) - settings.keep();
      Spots.Spot first = spots.dropBefore(Math.min(floor, begin));
      Spots.Spot place = spots.at(begin);
      now =
          new Cursor(
              committed,
              marks.stream(),
              content.writing() == null ? released : committed,
              place == null ? saved.sequence() : place.sequence(),
              place == null ? saved.epoch() : place.epoch(),
              first == null ? saved.floor() : Math.max(saved.floor(), first.sequence()));
      if (first != null) {
        oldest = Math.max(oldest, Math.min(first.position(), committed));
      }
    } finally {
      lock.unlock();
    }
    saving = true;
    alarm.arm();
    Api.end(
        link,
        claim.put(now.fields()),
        (done, failure) -> {
          saving = false;
          if (failure == null) {
            saved(now, version);
          } else if (!content.isOver()) {
            notSaved(failure);
          }
        });
  }

  private void saved(Cursor now, long version) {
    alarm.disarm();
    boolean drained;
    List<CompletableFuture<Void>> over;
    lock.lock();
    try {
      saved = now;
      drained = isDrained();
      over = flushes.settle(version);
    } finally {
      lock.unlock();
    }
    over.forEach(each -> each.complete(null));
    content.purging.before(now.floor(), now.committed(), drained);
    save();
    content.releaseIfDone();
  }

  private void notSaved(Throwable failure) {
    if (Api.code(failure) == Api.WRONG_LAST) {
      Api.end(
          link,
          claim.isOurs(),
          (ours, why) -> {
            if (why == null && !ours) {
              fence();
            } else {
              // Also where it is ours: an answer was lost, or is still on its way.
              again(Tries.PAUSE);
            }
          });
    } else if (Tries.passes(failure)) {
      again(Tries.PAUSE);
    } else if (isSettled() && Tries.kind(failure) == Kind.FULL) {
      // No commit was asked for: the reader reads on, and there may be room later.
      alarm.disarm();
      again(Tries.PAUSE);
    } else {
      Throwable cause = Api.cause(failure);
      content.fail(
          new StorageException(
              Tries.kind(failure),
              settings.shown(),
              "the servers refuse a commit: " + cause.getMessage(),
              saved.committed(),
              cause));
    }
  }

  /** Another one takes over, or is about to: each commit changes the key that it is changing. */
  private void giveWay() {
    claim.verify(this::fence);
    again(QUIET);
  }

  private void again(Duration pause) {
    long mine = ++pauses;
    Future<?> unused =
        link.after(
            pause,
            () -> {
              resumed = Math.max(resumed, mine);
              save();
            });
  }

  private void fence() {
    content.fenced("reader", saved.committed(), 0);
  }

  private void late() {
    content.fail(
        new StorageException(
            Kind.UNACKNOWLEDGED,
            settings.shown(),
            "the servers have not acknowledged a commit for "
                + settings.ackTimeout().toMillis()
                + " ms; the last one that they have is of position "
                + saved.committed(),
            saved.committed(),
            null));
  }

  // ---- its end

  void failed(IOException why) {
    List<CompletableFuture<Void>> over;
    lock.lock();
    try {
      over = flushes.fail(why);
    } finally {
      lock.unlock();
    }
    over.forEach(each -> each.completeExceptionally(why));
  }

  CompletableFuture<Void> release() {
    alarm.disarm();
    fetching.close();
    return claim.release();
  }

  /** The place of a position that is in memory; null if none is known. */
  Spots.@Nullable Spot spot(long position) {
    lock.lock();
    try {
      return spots.at(position);
    } finally {
      lock.unlock();
    }
  }

  /** Forgets the places: reading goes on elsewhere. */
  void forgetSpots() {
    lock.lock();
    try {
      spots.clear();
    } finally {
      lock.unlock();
    }
  }
}
