// SPDX-License-Identifier: Apache-2.0
package io.penstock.durable.impl;

import io.penstock.durable.impl.Outgoing.Batch;
import io.penstock.durable.impl.Settings.Sync;
import io.penstock.durable.impl.Store.Number;
import io.penstock.error.AddressException;
import io.penstock.error.BrokenPipeException;
import io.penstock.error.StorageException;
import io.penstock.error.StorageException.Kind;
import io.penstock.error.StreamClosedException;
import io.penstock.error.StreamTruncatedException;
import io.penstock.spi.PipeContent;
import io.penstock.spi.PipeContext;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Future;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One open file, its writer and its reader. Everything that waits for the disk happens in {@link
 * #work}, on the product's executor, in one thread at a time and with no lock held; calls only
 * change what is in memory.
 */
final class Spool {
  private final Settings first;
  private final PipeContext context;
  private final Consumer<Spool> onOver;
  private final CompletableFuture<Void> ended = new CompletableFuture<>();
  private final ReentrantLock lock = new ReentrantLock();

  // ---- of the thread that works
  private @Nullable Store store;

  // ---- guarded by the lock
  private final Deque<Runnable> arrivals = new ArrayDeque<>();
  private final List<FileContent> users = new ArrayList<>();
  private final Deque<Waiting> flushes = new ArrayDeque<>();
  private final SortedMap<Long, Mark> marks = new TreeMap<>();
  private Outgoing outgoing = new Outgoing(1, false);
  private @Nullable FileContent writer;
  private @Nullable FileContent reader;
  private @Nullable Ahead ahead;
  private @Nullable IOException failure;
  private boolean working;
  private boolean again;
  private boolean stopping;
  private boolean over;
  private long epoch;
  private long written;
  private long acknowledged;
  private long oldest;
  private long released;
  private boolean endedForGood;
  private long stream;
  private boolean endMet;
  private long committed;
  private long saved;
  private long savedStream;
  private long keep;
  // Counts the changes, and how far they are durable.
  private long version;
  private long settled;
  private @Nullable Future<?> alarm;

  /** A flush, and the last change that it waits for. */
  private record Waiting(long version, CompletableFuture<Void> done) {}

  /**
   * Nothing is open yet.
   *
   * @param onOver is told just before the end is
   */
  Spool(Settings settings, PipeContext context, Consumer<Spool> onOver) {
    this.first = settings;
    this.context = context;
    this.onOver = onOver;
  }

  /** Completes when the file was given back. */
  CompletableFuture<Void> ended() {
    return ended;
  }

  @Override
  public String toString() {
    return first.shown();
  }

  // ---- coming and going

  /**
   * Lets a writer, a reader or both in.
   *
   * @return false if this is being closed
   */
  boolean join(Settings settings, PipeContext asking, CompletableFuture<PipeContent> opened) {
    FileContent content = new FileContent(this, settings, asking);
    lock.lock();
    try {
      if (over || stopping || failure != null) {
        return false;
      }
      arrivals.add(() -> arrive(content, opened));
    } finally {
      lock.unlock();
    }
    wake();
    return true;
  }

  /** On the thread that works: nothing of an earlier writer is on its way to the disk. */
  private void arrive(FileContent content, CompletableFuture<PipeContent> opened) {
    Settings settings = content.settings;
    List<FileContent> fenced = new ArrayList<>();
    IOException refused;
    lock.lock();
    try {
      refused = stopping ? new StreamClosedException(content.name) : failure;
      FileContent[] earlier = {settings.writes() ? writer : null, settings.reads() ? reader : null};
      for (int i = 0; i < earlier.length && refused == null; i++) {
        FileContent other = earlier[i];
        if (other != null && !settings.takeover()) {
          refused =
              new AddressException(
                  AddressException.Kind.IN_USE,
                  settings.shown(),
                  "it has a "
                      + (i == 0 ? "writer" : "reader")
                      + ", "
                      + other.name
                      + "; takeover=true takes over from it",
                  null);
        } else if (other != null && !fenced.contains(other)) {
          fenced.add(other);
        }
      }
      if (refused == null) {
        fenced.forEach(this::fence);
        admit(content);
      }
    } finally {
      lock.unlock();
    }
    for (FileContent each : fenced) {
      IOException why = each.failure;
      if (why != null) {
        each.tellGone(why);
      }
    }
    if (refused != null) {
      opened.completeExceptionally(refused);
    } else if (!opened.complete(content)) {
      leave(content);
    }
  }

  private void fence(FileContent old) {
    if (old == writer) {
      long dropped = written - acknowledged;
      outgoing.clear();
      written = acknowledged;
      version++;
      old.failure =
          new StorageException(
              Kind.FENCED,
              old.name,
              "another writer has taken over at position "
                  + acknowledged
                  + "; "
                  + dropped
                  + " bytes that were not acknowledged are dropped",
              acknowledged,
              null);
    } else {
      old.failure =
          new StorageException(
              Kind.FENCED,
              old.name,
              "another reader has taken over at position " + committed,
              committed,
              null);
    }
    remove(old);
  }

  private void admit(FileContent content) {
    Settings settings = content.settings;
    users.add(content);
    if (settings.writes()) {
      writer = content;
      epoch++;
      version++;
      endedForGood = !settings.renew() && !marks.isEmpty();
      outgoing = new Outgoing(settings.block(), settings.sync() == Sync.EACH);
    }
    if (settings.reads()) {
      reader = content;
      keep = settings.keep();
      ahead = new Ahead(settings.window(), committed);
      released = committed;
    }
  }

  private long nextStream() {
    return marks.isEmpty() ? stream : Math.max(stream, marks.lastKey() + 1);
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

  /** A user lets go. */
  void leave(FileContent content) {
    lock.lock();
    try {
      if (content.closed) {
        return;
      }
      content.closed = true;
      remove(content);
    } finally {
      lock.unlock();
    }
    wake();
  }

  /** Everything is over, because the place as a whole goes. */
  void stop() {
    List<FileContent> told;
    lock.lock();
    try {
      stopping = true;
      told = List.copyOf(users);
      for (FileContent each : told) {
        each.failure = new StreamClosedException(each.name);
        remove(each);
      }
    } finally {
      lock.unlock();
    }
    told.forEach(each -> each.tellGone(new StreamClosedException(each.name)));
    wake();
  }

  // ---- the work

  /** Has the work done that there is. */
  private void wake() {
    lock.lock();
    try {
      if (working || over) {
        // Whoever works may have looked already.
        again = true;
        return;
      }
      working = true;
    } finally {
      lock.unlock();
    }
    context.executor().execute(this::work);
  }

  private void work() {
    boolean more = true;
    while (more) {
      try {
        more = step();
      } catch (IOException e) {
        fail(e);
      } catch (RuntimeException e) {
        fail(Store.failed(first.shown(), acknowledged(), e));
      } catch (Error e) {
        // Its users are told, and the file must be given back.
        fail(
            new StorageException(
                Kind.FAILED, first.shown(), "it cannot be used: " + e, acknowledged(), e));
      }
    }
  }

  /** Does one piece of work; false if there is none. */
  private boolean step() throws IOException {
    Runnable arrival;
    boolean broken;
    lock.lock();
    try {
      // What a writer has left goes first.
      boolean waits = writer == null && !outgoing.isEmpty();
      arrival = waits ? null : arrivals.poll();
      broken = failure != null;
    } finally {
      lock.unlock();
    }
    if (arrival != null) {
      if (store == null && !broken) {
        try {
          load();
        } catch (IOException | RuntimeException e) {
          IOException why =
              e instanceof IOException known
                  ? known
                  : Store.failed(first.shown(), 0, (RuntimeException) e);
          fail(why);
        }
      }
      arrival.run();
      return true;
    }
    Store present = store;
    return present == null ? rest() : turn(present) || rest();
  }

  /** Reads how the file was left. */
  private void load() throws IOException {
    Store opened = Store.open(first.path(), first.shown());
    boolean taken = false;
    try {
      SortedMap<Long, Mark> kept = opened.marks();
      Long begin = opened.oldest();
      lock.lock();
      try {
        store = opened;
        taken = true;
        marks.putAll(kept);
        epoch = opened.number(Number.EPOCH);
        acknowledged = opened.number(Number.END);
        written = acknowledged;
        committed = opened.number(Number.COMMITTED);
        saved = committed;
        released = committed;
        stream = opened.number(Number.STREAM);
        savedStream = stream;
        oldest = begin == null ? acknowledged : begin;
      } finally {
        lock.unlock();
      }
    } finally {
      if (!taken) {
        opened.abandon();
      }
    }
  }

  /** Whether there is nothing to do any more; gives the file back when nobody has it. */
  private boolean rest() {
    lock.lock();
    try {
      if (again || !arrivals.isEmpty()) {
        again = false;
        return true;
      }
      if (!users.isEmpty()) {
        working = false;
        return false;
      }
      over = true;
    } finally {
      lock.unlock();
    }
    Store present = store;
    store = null;
    try {
      if (present != null && failure != null) {
        present.abandon();
      } else if (present != null) {
        present.close();
      }
      onOver.accept(this);
      ended.complete(null);
    } catch (RuntimeException e) {
      onOver.accept(this);
      ended.completeExceptionally(e);
    }
    return false;
  }

  /** Writes and fetches what there is to be; false if there is nothing. */
  private boolean turn(Store disk) {
    Batch batch;
    long at;
    long strand;
    long now;
    long floor;
    long fetchFrom;
    long fetchTo;
    int fetchMost;
    boolean due;
    boolean synced;
    lock.lock();
    try {
      due = version > settled && (!outgoing.isEmpty() || commitIsDue());
      Ahead place = ahead;
      boolean fetches = place != null && place.wants() && place.end() < acknowledged;
      if (!due && !fetches) {
        return false;
      }
      batch = outgoing.take(windowOfWriter(), version);
      at = committed;
      strand = stream;
      now = epoch;
      // A replay may read before what was committed.
      floor = (place == null ? at : Math.min(at, place.next())) - keep;
      fetchFrom = fetches && place != null ? place.end() : -1;
      fetchTo = acknowledged;
      fetchMost = reader == null ? 0 : reader.settings.window() / 2;
      synced =
          sync() != Sync.NONE
              && (!batch.blocks().isEmpty() || !batch.marks().isEmpty() || !flushes.isEmpty());
      if (!batch.blocks().isEmpty() || !batch.marks().isEmpty()) {
        arm();
      }
    } finally {
      lock.unlock();
    }
    if (due) {
      write(disk, batch, at, strand, now, floor, synced);
    }
    if (fetchFrom >= 0) {
      fetch(disk, fetchFrom, fetchTo, fetchMost);
    }
    return true;
  }

  private int windowOfWriter() {
    FileContent mine = writer;
    return mine == null ? first.window() : mine.settings.window();
  }

  private Sync sync() {
    FileContent any = writer == null ? reader : writer;
    return any == null ? first.sync() : any.settings.sync();
  }

  /** A commit of a few bytes waits for more, as long as the reader does not. */
  private boolean commitIsDue() {
    Ahead place = ahead;
    return committed < saved
        || stream != savedStream
        || committed - saved >= first.block()
        || place == null
        || place.end() >= acknowledged && place.next() >= place.end()
        || !flushes.isEmpty()
        || stopping;
  }

  private void write(
      Store disk, Batch batch, long at, long strand, long now, long floor, boolean synced) {
    batch.blocks().forEach(block -> disk.append(block, now));
    long end = batch.blocks().isEmpty() ? -1 : batch.blocks().get(batch.blocks().size() - 1).end();
    long first = firstStream();
    long number = first;
    for (Mark mark : batch.marks()) {
      disk.put(number, mark);
      number++;
    }
    disk.put(Number.EPOCH, now);
    disk.put(Number.COMMITTED, at);
    disk.put(Number.STREAM, strand);
    disk.dropMarks(strand);
    if (end >= 0) {
      disk.put(Number.END, end);
    }
    boolean dropped = disk.dropRecords(floor);
    boolean waits = sync() != Sync.NONE && (synced || dropped);
    disk.save(waits, dropped || batch.blocks().isEmpty());
    Long begin = disk.oldest();
    List<CompletableFuture<Void>> flushed = new ArrayList<>();
    List<FileContent> told;
    lock.lock();
    try {
      disarm();
      acknowledged = end >= 0 ? end : acknowledged;
      for (int i = 0; i < batch.marks().size(); i++) {
        marks.put(first + i, batch.marks().get(i));
      }
      marks.headMap(strand).clear();
      beginNextStream();
      saved = at;
      savedStream = strand;
      oldest = begin == null ? acknowledged : begin;
      settled = Math.max(settled, batch.version());
      Ahead place = ahead;
      if (place != null) {
        batch.blocks().forEach(place::offer);
      }
      while (!flushes.isEmpty() && flushes.element().version() <= settled) {
        flushed.add(flushes.remove().done());
      }
      told = List.copyOf(users);
    } finally {
      lock.unlock();
    }
    flushed.forEach(each -> each.complete(null));
    told.forEach(FileContent::tell);
  }

  /** The number of the stream that the next mark ends. */
  private long firstStream() {
    lock.lock();
    try {
      return nextStream();
    } finally {
      lock.unlock();
    }
  }

  private void fetch(Store disk, long from, long to, int most) {
    List<Block> found = List.of();
    StorageException corrupt = null;
    try {
      found = disk.load(from, to, most);
    } catch (StorageException e) {
      corrupt = e;
    }
    FileContent told;
    lock.lock();
    try {
      Ahead place = ahead;
      if (place != null && place.end() == from) {
        found.forEach(place::offer);
        if (corrupt != null) {
          place.fail(corrupt);
        }
      }
      told = reader;
    } finally {
      lock.unlock();
    }
    if (told != null) {
      told.tell();
    }
  }

  /** From now on, an acknowledgement is late after a while. */
  private void arm() {
    FileContent mine = writer;
    if (alarm == null && mine != null) {
      alarm = context.after(mine.settings.ackTimeout(), () -> late(mine));
    }
  }

  private void disarm() {
    Future<?> pending = alarm;
    alarm = null;
    if (pending != null) {
      boolean unused = pending.cancel(false);
    }
  }

  private void late(FileContent waiting) {
    long position;
    lock.lock();
    try {
      if (alarm == null || waiting != writer) {
        return;
      }
      position = acknowledged;
    } finally {
      lock.unlock();
    }
    fail(
        new StorageException(
            Kind.UNACKNOWLEDGED,
            first.shown(),
            "the disk has not acknowledged anything for "
                + waiting.settings.ackTimeout()
                + "; what was acknowledged ends at position "
                + position,
            position,
            null));
  }

  /** Nothing works any more; everybody is told, and the file is given back as it is. */
  private void fail(IOException why) {
    List<FileContent> told;
    List<CompletableFuture<Void>> flushed = new ArrayList<>();
    boolean mine;
    lock.lock();
    try {
      failure = failure == null ? why : failure;
      told = List.copyOf(users);
      for (FileContent each : told) {
        each.failure = why;
        remove(each);
      }
      flushes.forEach(each -> flushed.add(each.done()));
      flushes.clear();
      outgoing.clear();
      settled = version;
      disarm();
      mine = working;
    } finally {
      lock.unlock();
    }
    flushed.forEach(each -> each.completeExceptionally(why));
    told.forEach(each -> each.tellGone(why));
    if (!mine) {
      wake();
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
    int n;
    lock.lock();
    try {
      check(user);
      if (endedForGood) {
        throw new BrokenPipeException(
            user.name, "the stream has ended, and with onEnd=stay no other follows", 0);
      }
      n = (int) Math.min(src.remaining(), roomNow(user));
      if (n == 0) {
        return 0;
      }
      outgoing.append(written, src, n, ++version);
      written += n;
    } finally {
      lock.unlock();
    }
    wake();
    return n;
  }

  private long roomNow(FileContent user) {
    if (outgoing.isFull()) {
      return 0;
    }
    long unread = written - released;
    long unsafe = written - acknowledged;
    return Math.max(
        0, Math.min(user.settings.capacity() - unread, user.settings.window() - unsafe));
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
    lock.lock();
    try {
      return written;
    } finally {
      lock.unlock();
    }
  }

  long acknowledged() {
    lock.lock();
    try {
      return acknowledged;
    } finally {
      lock.unlock();
    }
  }

  void mark(FileContent user, @Nullable String cut) throws IOException {
    lock.lock();
    try {
      check(user);
      outgoing.mark(new Mark(written, cut), ++version);
      endedForGood = !user.settings.renew();
    } finally {
      lock.unlock();
    }
    wake();
  }

  void cut(FileContent user, Throwable cause) {
    try {
      mark(user, String.valueOf(cause.getMessage() == null ? cause : cause.getMessage()));
    } catch (IOException e) {
      // It has failed already, and its owner knows.
      user.tell();
    }
  }

  CompletionStage<Void> flush() {
    CompletableFuture<Void> done = new CompletableFuture<>();
    lock.lock();
    try {
      IOException why = failure;
      if (why != null) {
        return CompletableFuture.failedFuture(why);
      }
      if (settled >= version) {
        return CompletableFuture.completedFuture(null);
      }
      flushes.add(new Waiting(version, done));
    } finally {
      lock.unlock();
    }
    wake();
    return done;
  }

  // ---- the reader's calls

  private @Nullable Mark nextMark() {
    return marks.get(stream);
  }

  private long readableNow() {
    Mark mark = nextMark();
    return mark == null ? acknowledged : mark.position();
  }

  long readable() {
    lock.lock();
    try {
      return readableNow();
    } finally {
      lock.unlock();
    }
  }

  int read(FileContent user, long position, ByteBuffer dst) throws IOException {
    int n;
    boolean fetches;
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
      Mark mark = nextMark();
      if (mark != null && position >= mark.position()) {
        String cut = mark.cut();
        if (cut == null) {
          return -1;
        }
        throw new StreamTruncatedException(
            user.name, "the writer has cut the stream: " + cut, position);
      }
      n = place.read(dst, readableNow());
      StorageException corrupt = n == 0 ? place.failure(position) : null;
      if (corrupt != null) {
        throw corrupt;
      }
      fetches = place.wants() && place.end() < acknowledged;
    } finally {
      lock.unlock();
    }
    if (fetches) {
      wake();
    }
    return n;
  }

  void seek(FileContent user, long position) {
    lock.lock();
    try {
      Ahead place = ahead;
      if (user != reader || place == null) {
        return;
      }
      place.moveTo(position);
    } finally {
      lock.unlock();
    }
    wake();
  }

  boolean ready(FileContent user, long position) {
    lock.lock();
    try {
      Ahead place = ahead;
      return user.failure != null
          || user.closed
          || place == null
          || endsNow(position)
          || place.has(position);
    } finally {
      lock.unlock();
    }
  }

  private boolean endsNow(long position) {
    Mark mark = nextMark();
    return mark != null && position >= mark.position();
  }

  boolean endsAt(long position) {
    lock.lock();
    try {
      Mark mark = nextMark();
      return mark != null && mark.cut() == null && position >= mark.position();
    } finally {
      lock.unlock();
    }
  }

  long oldest() {
    lock.lock();
    try {
      return oldest;
    } finally {
      lock.unlock();
    }
  }

  long committed() {
    lock.lock();
    try {
      return committed;
    } finally {
      lock.unlock();
    }
  }

  void commit(FileContent user, long position, boolean ended) {
    boolean due;
    lock.lock();
    try {
      if (user != reader) {
        return;
      }
      committed = position;
      version++;
      // A cut of this process may be met before it is on the disk.
      endMet = ended && user.settings.renew();
      beginNextStream();
      due = commitIsDue();
    } finally {
      lock.unlock();
    }
    if (due) {
      wake();
    }
  }

  private void beginNextStream() {
    if (endMet && endsNow(committed)) {
      endMet = false;
      stream++;
      version++;
    }
  }

  void release(FileContent user, long position) {
    FileContent told;
    lock.lock();
    try {
      if (user != reader) {
        return;
      }
      released = position;
      told = writer;
    } finally {
      lock.unlock();
    }
    if (told != null && told != user) {
      told.tell();
    }
  }
}
