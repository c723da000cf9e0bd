// SPDX-License-Identifier: Apache-2.0
package io.penstock.durable.impl;

import io.penstock.durable.impl.Settings.Sync;
import io.penstock.error.AddressException;
import io.penstock.error.BrokenPipeException;
import io.penstock.error.StorageException;
import io.penstock.error.StorageException.Kind;
import io.penstock.error.StreamClosedException;
import io.penstock.spi.content.Ahead;
import io.penstock.spi.content.Block;
import io.penstock.spi.content.Mark;
import io.penstock.spi.content.Marks;
import io.penstock.spi.content.Outgoing;
import io.penstock.spi.content.Outgoing.Batch;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * What is known of a file in memory: its writer and its reader, how far they are, and what goes to
 * the disk next. Nothing here waits or calls foreign code. Safe for use by any thread.
 */
final class State {
  private final Settings first;
  private final ReentrantLock lock = new ReentrantLock();

  // All is guarded by the lock; what is volatile may be read without.
  private final List<FileContent> users = new ArrayList<>();
  private final Flushes flushes = new Flushes();
  private Marks marks = new Marks(0);
  private Outgoing outgoing = new Outgoing(1, false);
  private @Nullable FileContent writer;
  private @Nullable FileContent reader;
  private @Nullable Ahead ahead;
  private @Nullable IOException failure;
  private boolean stopping;
  private boolean over;
  private long epoch;
  private volatile long written;
  private volatile long acknowledged;
  private volatile long oldest;
  private volatile long committed;
  private long released;
  // As the last reader has asked; nothing is dropped before there was one.
  private long keep = -1;
  private boolean endedForGood;
  private long savedCommit;
  private long savedStream;
  // Counts the changes, and how far they are durable.
  private long version;
  private long settled;
  // The last turn did not wait for the disk.
  private boolean unsynced;

  /** Nobody is here, and nothing is known. */
  State(Settings first) {
    this.first = first;
  }

  // ---- coming and going

  /** Whether somebody may still come; with an earlier failure, or after a stop, nobody may. */
  boolean isOpen() {
    lock.lock();
    try {
      return !over && !stopping && failure == null;
    } finally {
      lock.unlock();
    }
  }

  @Nullable IOException failure() {
    lock.lock();
    try {
      return failure;
    } finally {
      lock.unlock();
    }
  }

  /** Takes over how the file was left. */
  void loaded(Store store) throws StorageException {
    SortedMap<Long, Mark> kept = store.marks();
    Long begin = store.oldest();
    lock.lock();
    try {
      marks = new Marks(store.number(Store.Figure.STREAM));
      kept.forEach(marks::put);
      savedStream = marks.stream();
      epoch = store.number(Store.Figure.EPOCH);
      acknowledged = store.number(Store.Figure.END);
      written = acknowledged;
      committed = store.number(Store.Figure.COMMITTED);
      savedCommit = committed;
      released = committed;
      oldest = begin == null ? acknowledged : begin;
    } finally {
      lock.unlock();
    }
  }

  /** What a writer has left goes to the disk before another one comes. */
  boolean hasRest() {
    lock.lock();
    try {
      return writer == null && !outgoing.isEmpty();
    } finally {
      lock.unlock();
    }
  }

  /** Lets a user in, or says why not. Nothing of an earlier writer is on its way to the disk. */
  Admission admit(FileContent content) {
    Settings asked = content.settings;
    List<FileContent> fenced = new ArrayList<>();
    lock.lock();
    try {
      IOException refused = stopping ? new StreamClosedException(content.name) : failure;
      FileContent[] earlier = {asked.writes() ? writer : null, asked.reads() ? reader : null};
      for (int i = 0; i < earlier.length && refused == null; i++) {
        FileContent other = earlier[i];
        if (other != null && !asked.takeover()) {
          refused = inUse(asked, i == 0 ? "writer" : "reader", other);
        } else if (other != null && !fenced.contains(other)) {
          fenced.add(other);
        }
      }
      if (refused != null) {
        return new Admission(refused, List.of());
      }
      fenced.forEach(this::fence);
      users.add(content);
      if (asked.writes()) {
        writer = content;
        epoch++;
        version++;
        endedForGood = !asked.renew() && !marks.isEmpty();
        outgoing = new Outgoing(asked.block(), asked.sync() == Sync.EACH);
      }
      if (asked.reads()) {
        reader = content;
        ahead = new Ahead(asked.window(), committed);
        released = committed;
        keep = asked.keep();
      }
      return new Admission(null, fenced);
    } finally {
      lock.unlock();
    }
  }

  private static IOException inUse(Settings asked, String what, FileContent other) {
    String why = "it has a " + what + ", " + other.name + "; takeover=true takes over from it";
    return new AddressException(AddressException.Kind.IN_USE, asked.shown(), why, null);
  }

  private void fence(FileContent old) {
    boolean writes = old == writer;
    long position = writes ? acknowledged : committed;
    long lost = writes ? written - position : 0;
    String what = "another " + (writes ? "writer" : "reader") + " has taken over at position ";
    what += position + "; " + lost + " bytes that were not acknowledged are dropped";
    if (writes) {
      outgoing.clear();
      written = position;
    }
    old.failure = new StorageException(Kind.FENCED, old.name, what, position, null);
    if (writes) {
      // What they wait for may have been dropped. What a reader has committed is saved.
      old.dropped = flushes.takeOf(old);
    }
    remove(old);
  }

  private void remove(FileContent content) {
    users.remove(content);
    if (writer == content) {
      writer = null;
    }
    if (reader == content) {
      reader = null;
      ahead = null;
      released = committed;
    }
  }

  /** A user lets go; false if it has done so before. */
  boolean leave(FileContent content) {
    lock.lock();
    try {
      boolean here = !content.closed;
      content.closed = true;
      remove(content);
      return here;
    } finally {
      lock.unlock();
    }
  }

  /** Everybody has to go, because the place as a whole goes; what was written is still saved. */
  List<FileContent> stop() {
    lock.lock();
    try {
      stopping = true;
      List<FileContent> told = List.copyOf(users);
      for (FileContent each : told) {
        each.failure = new StreamClosedException(each.name);
        remove(each);
      }
      return told;
    } finally {
      lock.unlock();
    }
  }

  /** Nothing works any more. */
  Told fail(IOException why) {
    lock.lock();
    try {
      failure = failure == null ? why : failure;
      List<FileContent> told = List.copyOf(users);
      for (FileContent each : told) {
        each.failure = why;
        remove(each);
      }
      outgoing.clear();
      settled = version;
      return new Told(told, flushes.takeUpTo(Long.MAX_VALUE));
    } finally {
      lock.unlock();
    }
  }

  /**
   * Whether nobody has the file any more, and all is saved; then nobody can come, either. The last
   * one to leave may have left something to save.
   */
  boolean isOver() {
    lock.lock();
    try {
      return over |= users.isEmpty() && (failure != null || settled >= version);
    } finally {
      lock.unlock();
    }
  }

  // ---- the disk

  /** What there is to do now; null for nothing. */
  @Nullable Turn plan() {
    lock.lock();
    try {
      boolean due = version > settled && (!outgoing.isEmpty() || commitIsDue());
      Ahead place = ahead;
      boolean fetches = place != null && place.wants() && place.end() < acknowledged;
      if (!due && !fetches) {
        return null;
      }
      FileContent asks = writer == null ? reader : writer;
      Settings how = asks == null ? first : asks.settings;
      Batch batch = due ? outgoing.take(how.window(), version) : null;
      boolean unsynced = how.sync() == Sync.NONE;
      boolean any = batch != null && !(batch.blocks().isEmpty() && batch.marks().isEmpty());
      // A replay may read before what was committed.
      long floor = place == null ? committed : Math.min(committed, place.next());
      return new Turn(
          batch,
          marks.next(),
          committed,
          marks.stream(),
          epoch,
          keep < 0 ? -1 : floor - keep,
          !unsynced && (any || !flushes.isEmpty() || stopping || users.isEmpty()),
          unsynced,
          fetches && place != null ? place.end() : -1,
          acknowledged,
          how.window() / 2);
    } finally {
      lock.unlock();
    }
  }

  /** A commit of a few bytes waits for more, as long as the reader has enough to read. */
  private boolean commitIsDue() {
    Ahead place = ahead;
    return committed < savedCommit
        || committed - savedCommit >= first.block()
        || marks.stream() != savedStream
        || place == null
        || (place.end() >= acknowledged && place.next() >= place.end())
        || !flushes.isEmpty();
  }

  /**
   * Records are about to be dropped from the disk, where a replay must not go.
   *
   * @param begin the position of the first one that stays; null if none does
   * @param floor what ends before is dropped
   */
  void dropping(@Nullable Long begin, long floor) {
    lock.lock();
    try {
      oldest = Math.max(oldest, begin == null ? acknowledged : begin);
      Ahead place = ahead;
      FileContent user = reader;
      if (place != null && user != null && place.next() < Math.min(floor, oldest)) {
        // It went there when that was decided already.
        place.fail(notKept(user, place.next()));
      }
    } finally {
      lock.unlock();
    }
  }

  /** Something is on the disk. */
  Told saved(Turn turn, Batch batch, @Nullable Long begin) {
    lock.lock();
    try {
      for (Block block : batch.blocks()) {
        acknowledged = block.end();
        Ahead place = ahead;
        if (place != null) {
          place.offer(block);
        }
      }
      for (int i = 0; i < batch.marks().size(); i++) {
        // A stream that begins by this is a change that the disk does not have yet.
        version += marks.put(turn.mark() + i, batch.marks().get(i)) ? 1 : 0;
      }
      marks.dropBefore(turn.stream());
      savedCommit = turn.committed();
      savedStream = turn.stream();
      oldest = begin == null ? acknowledged : begin;
      settled = Math.max(settled, batch.version());
      unsynced = !turn.waits() && !turn.spares();
      if (unsynced && !flushes.isEmpty()) {
        // These flushes came while the turn was under way, and it did not wait for the disk.
        version++;
        return new Told(List.copyOf(users), List.of());
      }
      return new Told(List.copyOf(users), flushes.takeUpTo(settled));
    } finally {
      lock.unlock();
    }
  }

  /** Something was read from the disk, or could not be; the reader, to be told. */
  @Nullable FileContent fetched(Turn turn, List<Block> found, @Nullable StorageException corrupt) {
    lock.lock();
    try {
      Ahead place = ahead;
      if (place != null && place.end() == turn.from()) {
        found.forEach(place::offer);
        if (corrupt != null) {
          place.fail(corrupt);
        }
      }
      return reader;
    } finally {
      lock.unlock();
    }
  }

  /** Which end is told when the disk is late: the writer, or else the reader. */
  @Nullable FileContent waiting() {
    lock.lock();
    try {
      return writer == null ? reader : writer;
    } finally {
      lock.unlock();
    }
  }

  // ---- the writer's calls

  private static void check(FileContent user) throws IOException {
    IOException why = user.failure;
    if (why != null) {
      throw why;
    }
    if (user.closed) {
      throw new StreamClosedException(user.name);
    }
  }

  int append(FileContent user, ByteBuffer src) throws IOException {
    lock.lock();
    try {
      check(user);
      if (endedForGood) {
        throw new BrokenPipeException(
            user.name, "the stream has ended, and with onEnd=stay no other follows", 0);
      }
      int n = (int) Math.min(src.remaining(), roomNow(user));
      if (n > 0) {
        version++;
        outgoing.append(written, src, n, version);
        long end = written + n;
        written = end;
      }
      return n;
    } finally {
      lock.unlock();
    }
  }

  private long roomNow(FileContent user) {
    if (outgoing.isFull()) {
      return 0;
    }
    long room =
        Math.min(
            user.settings.capacity() - (written - released),
            user.settings.window() - (written - acknowledged));
    return Math.max(0, room);
  }

  long room(FileContent user) {
    lock.lock();
    try {
      return user.failure != null || user.closed ? 0 : roomNow(user);
    } finally {
      lock.unlock();
    }
  }

  long written() {
    return written;
  }

  long acknowledged() {
    return acknowledged;
  }

  void mark(FileContent user, @Nullable String cut) throws IOException {
    lock.lock();
    try {
      check(user);
      version++;
      outgoing.mark(new Mark(written, cut), version);
      endedForGood = !user.settings.renew();
    } finally {
      lock.unlock();
    }
  }

  CompletionStage<Void> flush(FileContent user) {
    lock.lock();
    try {
      // Nothing of a fenced user is saved any more; what a stopped one has left still is.
      IOException why = user.failure instanceof StorageException fenced ? fenced : failure;
      if (why != null) {
        return CompletableFuture.failedFuture(why);
      }
      if (!over && settled >= version && unsynced) {
        version++;
      }
      if (settled >= version) {
        return CompletableFuture.completedFuture(null);
      }
      return flushes.add(user, version);
    } finally {
      lock.unlock();
    }
  }

  // ---- the reader's calls

  long readable() {
    lock.lock();
    try {
      return marks.readable(acknowledged);
    } finally {
      lock.unlock();
    }
  }

  int read(FileContent user, long position, ByteBuffer dst) throws IOException {
    lock.lock();
    try {
      check(user);
      Ahead place = ahead;
      if (place == null) {
        throw new StreamClosedException(user.name);
      }
      if (position != place.next()) {
        place.moveTo(position);
      }
      return marks.meetsEnd(user.name, position)
          ? -1
          : place.read(dst, marks.readable(acknowledged));
    } finally {
      lock.unlock();
    }
  }

  /** Whether more should be fetched for the reader, or its commit saved. */
  boolean wantsTurn() {
    lock.lock();
    try {
      Ahead place = ahead;
      boolean fetches = place != null && place.wants() && place.end() < acknowledged;
      return fetches || (version > settled && commitIsDue());
    } finally {
      lock.unlock();
    }
  }

  void seek(FileContent user, long position) {
    lock.lock();
    try {
      Ahead place = ahead;
      if (user == reader && place != null) {
        place.moveTo(position);
        if (position < oldest) {
          // Dropped since the caller has looked.
          place.fail(notKept(user, position));
        }
      }
    } finally {
      lock.unlock();
    }
  }

  private StorageException notKept(FileContent user, long position) {
    String what = "nothing is kept at position " + position + "; expected " + oldest + " or more";
    return new StorageException(Kind.NOT_KEPT, user.name, what, oldest, null);
  }

  boolean ready(FileContent user, long position) {
    lock.lock();
    try {
      Ahead place = ahead;
      return user.failure != null
          || user.closed
          || place == null
          || marks.isOver(Math.max(position, place.next()))
          || place.has(position);
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

  long oldest() {
    return oldest;
  }

  long committed() {
    return committed;
  }

  void commit(FileContent user, long position, boolean ended) {
    lock.lock();
    try {
      if (user == reader) {
        committed = position;
        version += marks.commit(position, ended && user.settings.renew()) ? 2 : 1;
      }
    } finally {
      lock.unlock();
    }
  }

  /** Says from where on bytes take up room; a writer that is another user, to be told. */
  @Nullable FileContent release(FileContent user, long position) {
    lock.lock();
    try {
      if (user != reader) {
        return null;
      }
      released = position;
      return writer == user ? null : writer;
    } finally {
      lock.unlock();
    }
  }
}
