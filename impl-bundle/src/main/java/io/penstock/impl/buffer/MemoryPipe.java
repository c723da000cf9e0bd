// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.buffer;

import io.penstock.error.BrokenPipeException;
import io.penstock.error.StreamClosedException;
import io.penstock.impl.engine.Faults;
import io.penstock.spi.SegmentSink;
import io.penstock.spi.SegmentSource;
import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * A buffer between one writer and one reader at a time, without a lock. Both halves are drivers;
 * the writing or reading thread may change, but the calls of its predecessor must have happened
 * before. All calls except reads and writes may come from any thread.
 *
 * <p>Two words count the stream, the bytes written and the bytes consumed. Each side changes its
 * own word with a compare-and-set; any thread may mark the words when the stream has ended, was
 * closed or was cut. So an end, a close or a cut falls either before a write or after it, and never
 * in the middle: a write whose publication fails has not happened.
 *
 * <p>Copied bytes go to a ring. Where the stream continues in a given buffer or a larger ring, an
 * entry of {@link Slots} says so. The first ring is made by the first copying write, small, and is
 * followed by larger ones while the reader lags behind.
 */
public final class MemoryPipe extends Cursors {
  private static final int FIRST_RING = 4 * 1024;
  private static final int LARGEST_RING = 1024 * 1024;
  // Large moves are published in pieces, so that the other side works at the same time.
  private static final int PIECE = 16 * 1024;
  private static final int MOST_MARK_SKIPS = 63;
  private static final long REFUSED = ENDED | DROPPED | FAILED;
  private static final VarHandle FAILURE;
  private static final VarHandle TOLD;

  static {
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      FAILURE = lookup.findVarHandle(MemoryPipe.class, "failure", Throwable.class);
      TOLD = lookup.findVarHandle(MemoryPipe.class, "drainedTold", boolean.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /** Copies of up to so many bytes come and go line by line, see {@link Ring#own}. */
  private static final int SMALL = 256;

  /** How many bytes' lines are fetched together. */
  private static final int AHEAD = 4096;

  /** A given buffer whose giver wants to know when it is free again. */
  private record Lease(ByteBuffer buffer, Runnable released) {}

  private final String name;
  private final long capacity;
  private final int largest;
  private final int piece;
  private final boolean direct;
  private final Source source = new Source();
  private final Sink sink = new Sink();

  // Made by the writer, and found by threads that have seen its later publications.
  private @Nullable Slots slots;

  @SuppressWarnings("unused")
  private volatile @Nullable Throwable failure;

  @SuppressWarnings("unused")
  private volatile boolean drainedTold;

  private volatile Runnable sourceReady = () -> {};
  private volatile Runnable sinkReady = () -> {};
  private volatile @Nullable Runnable onDrained;
  private volatile @Nullable LongConsumer counter;

  /** A pipe without a name of its own. */
  public MemoryPipe(long capacity, boolean direct) {
    this("pipe", capacity, direct);
  }

  /**
   * Makes an empty pipe; it needs no memory for bytes before the first write.
   *
   * @param name for errors
   * @param capacity in bytes; {@link Long#MAX_VALUE} for no bound
   * @param direct whether copies are kept outside the heap
   */
  public MemoryPipe(String name, long capacity, boolean direct) {
    this.name = name;
    this.capacity = capacity;
    this.largest = powerOfTwo(Math.min(capacity, LARGEST_RING));
    this.piece = (int) Math.max(1, Math.min(PIECE, capacity / 4));
    this.direct = direct;
  }

  private static int powerOfTwo(long atLeast) {
    return atLeast <= 1 ? 1 : Integer.highestOneBit((int) atLeast - 1) << 1;
  }

  private static long count(long word) {
    return word & COUNT;
  }

  private static boolean has(long word, long marks) {
    return (word & marks) != 0;
  }

  /** The readable half. */
  public SegmentSource source() {
    return source;
  }

  /** The writable half. */
  public SegmentSink sink() {
    return sink;
  }

  /** Calls back once, when the stream was ended and everything was read. */
  public void onDrained(Runnable callback) {
    onDrained = callback;
    drained(written());
  }

  /** Has the memory for copies counted, by how much more or less it becomes; before any write. */
  public void countTo(LongConsumer value) {
    counter = value;
  }

  private void grew(long change) {
    LongConsumer mine = counter;
    if (mine != null && change != 0) {
      mine.accept(change);
    }
  }

  /** Nobody will look for anything in a ring any more. */
  private void letGo(@Nullable Ring ring) {
    if (ring != null) {
      grew(-ring.discard());
    }
  }

  /** Whether nothing will be read any more, and nothing written. */
  private boolean isOver(long word) {
    return has(word, DROPPED) || (has(word, ENDED | FAILED) && count(word) == count(consumed()));
  }

  /** Whether it was aborted, or ended and drained. */
  public boolean isSpent() {
    long word = written();
    return failure != null || (has(word, ENDED) && count(word) == count(consumed()));
  }

  /** How far was read, be it delivered or not. */
  private long reached() {
    return Math.max(count(consumed()), copied());
  }

  /**
   * Cuts the stream: what is buffered is still read, then each read throws; writes throw at once.
   */
  public void abort(Throwable cause) {
    boolean mine = FAILURE.compareAndSet(this, null, cause);
    while (mine) {
      long word = written();
      boolean over = has(word, ENDED) && count(word) == count(consumed());
      mine = !over && !has(word, DROPPED) && !publishWritten(word, word | FAILED);
    }
    drained(written());
    sourceReady.run();
    sinkReady.run();
  }

  /**
   * Gives the memory for copies back if nothing is buffered; the next copying write makes it anew.
   *
   * @return false if something is buffered, or there was nothing to give back
   */
  public boolean trim() {
    long word = written();
    if (has(word, ~(COUNT | RECOUNT)) || count(word) != count(consumed())) {
      return false;
    }
    // Taken before the mark: a ring that comes later belongs to a write that comes later.
    Ring ring = writing;
    Ring left = reading;
    if (ring == null || !publishWritten(word, word | TRIMMED)) {
      return false;
    }
    letGo(ring);
    letGo(left);
    return true;
  }

  /** How many bytes were written in all. */
  public long bytesWritten() {
    return count(written());
  }

  /** How many bytes were read in all. */
  public long bytesRead() {
    return count(consumed());
  }

  /** How many writes have moved something. */
  public long writes() {
    return writeCount();
  }

  /** How many reads there were. */
  public long reads() {
    return readCount();
  }

  /**
   * The most bytes that were seen buffered at once: by the caller of this method, by each read that
   * had to look, and by writes.
   */
  public long highWater() {
    return Math.max(sink.pending(), Math.max(highWaterRead, highWaterMark()));
  }

  /** Once it is over and everything was read, nobody needs its memory. */
  private void drained(long word) {
    if (!has(word, ENDED | FAILED) || count(word) != count(consumed())) {
      return;
    }
    letGo(writing);
    letGo(reading);
    Runnable callback = onDrained;
    if (callback != null
        && has(word, ENDED)
        && !has(word, FAILED | DROPPED)
        && TOLD.compareAndSet(this, false, true)) {
      callback.run();
    }
  }

  private void release(Object item) {
    if (item instanceof Lease lease) {
      lease.released().run();
    } else if (item instanceof Ring ring) {
      letGo(ring);
    }
  }

  private static ByteBuffer buffer(Object item) {
    return item instanceof Lease lease ? lease.buffer() : (ByteBuffer) item;
  }

  private final class Source implements SegmentSource, Paced, Holding {
    @Override
    public boolean ready() {
      long word = written();
      return has(word, ENDED | FAILED) || count(word) != reached();
    }

    @Override
    public void onReady(Runnable ready) {
      sourceReady = ready;
    }

    @Override
    public boolean ended() {
      long word = written();
      return has(word, ENDED) && !has(word, FAILED) && count(word) == reached();
    }

    @Override
    public int read(ByteBuffer dst) throws IOException {
      return move(dst, false, false);
    }

    @Override
    public int hold(ByteBuffer dst, boolean frees) throws IOException {
      return move(dst, true, frees);
    }

    private int move(ByteBuffer dst, boolean holds, boolean frees) throws IOException {
      countRead();
      int moved = 0;
      int want = dst.remaining();
      while (want > 0) {
        long word = consumedByMe();
        int n = (int) Math.min(run < want ? look(count(word) + held, want) : run, want);
        if (has(word, DROPPED)) {
          break;
        }
        n = Math.min(n, piece);
        if (n == 0) {
          // What is offered is more than the capacity allows.
          n = holds && !frees ? 0 : takeOffered(word, dst, want, holds);
          if (n == 0) {
            break;
          }
        } else if (!copyOut(word, dst, n, holds)) {
          break;
        }
        if (frees) {
          setFreed(freed() + n);
        }
        moved += n;
        want -= n;
      }
      if (moved > 0) {
        if (holds) {
          // As a compare-and-set would do for what was delivered.
          VarHandle.fullFence();
        }
        afterRead();
        return moved;
      }
      return nothing(dst, holds, frees);
    }

    @Override
    public void free(int n) {
      setFreed(freed() + n);
      VarHandle.fullFence();
      sinkReady.run();
    }

    @Override
    public boolean deliver(int n) {
      // In this order, so that the writer never sees the same room twice.
      setFreed(0);
      held -= n;
      long word = consumedByMe();
      if (has(word, DROPPED) || !publishConsumed(word, word + n)) {
        return false;
      }
      afterRead();
      return true;
    }

    @Override
    public void keep() {
      if (freed() > 0) {
        setFreed(0);
        markWritten(RECOUNT);
      }
    }

    /** Publishes that bytes were copied. False if another thread has changed the word since. */
    private boolean publish(long word, int n, boolean holds) {
      if (!holds) {
        return publishConsumed(word, word + n);
      }
      held += n;
      setCopied(count(word) + held);
      return true;
    }

    @Override
    public long cached() {
      return writtenSeen - count(consumedByMe()) - held;
    }

    /** Nothing was there to read: finds out why. */
    private int nothing(ByteBuffer dst, boolean holds, boolean frees) throws IOException {
      long word = written();
      long mine = consumed();
      if (has(mine, DROPPED)) {
        throw new StreamClosedException(name);
      }
      if (count(word) != count(mine) + held) {
        // It came after the look.
        return move(dst, holds, frees);
      }
      tried();
      Throwable cause = failure;
      if (has(word, FAILED) && cause != null) {
        throw Faults.kept(cause);
      }
      return has(word, ENDED) ? -1 : 0;
    }

    /** A reader was here in vain, which a writer may wait for. */
    private void tried() {
      // That must be visible before the look for a thread that waits for it.
      VarHandle.fullFence();
      sinkReady.run();
    }

    /** Copies from the present run. False if the source was closed meanwhile. */
    private boolean copyOut(long word, ByteBuffer dst, int n, boolean holds) {
      int from = dst.position();
      Object item = given;
      Ring ring = reading;
      if (n <= SMALL && item == null && ring != null && ringRead + n > fetched) {
        int ahead = (int) Math.min(run, AHEAD);
        ring.fetch(ringRead, ahead);
        fetched = ringRead + ahead;
      }
      if (item != null) {
        ByteBuffer data = buffer(item);
        dst.put(from, data, data.position() + givenAt, n).position(from + n);
        addGivenConsumed(n);
      } else if (ring == null || !ring.get(ringRead, dst, n)) {
        dst.position(from);
        return false;
      }
      if (!publish(word, n, holds)) {
        dst.position(from);
        checkAlone(consumed(), word, "reader");
        return false;
      }
      advance(n);
      return true;
    }

    /**
     * Takes a piece of what a waiting writer offers, when everything before it was read. It is
     * copied first; what makes it part of the stream is the change of the writer's word, which
     * fails if the offer was withdrawn meanwhile, because no two offers are made at one place.
     */
    private int takeOffered(long mine, ByteBuffer dst, int want, boolean holds) {
      long word = written();
      if ((word & ~COUNT) != OFFERED || count(word) != count(mine) + held) {
        return 0;
      }
      Offer offered = offer;
      // An offer that came later begins behind this place.
      if (offered == null || offered.start() > count(word)) {
        return 0;
      }
      int done = (int) (count(word) - offered.start());
      int n = Math.min(Math.min(want, piece), offered.size() - done);
      if (n <= 0) {
        return 0;
      }
      int at = dst.position();
      dst.put(offered.bytes(), offered.from() + done, n);
      if (publishWritten(word, word + n)) {
        writtenSeen = count(word) + n;
        addGivenConsumed(n);
        if (publish(mine, n, holds)) {
          return n;
        }
      }
      dst.position(at);
      return 0;
    }

    /** Goes on behind bytes that were consumed. */
    private void advance(int n) {
      run -= n;
      Object item = given;
      if (item == null) {
        ringRead += n;
        return;
      }
      givenAt += n;
      if (run == 0) {
        given = null;
        Slots queue = slots;
        if (queue != null && queue.remove()) {
          release(item);
        }
      }
    }

    /** Looks how much there is in one run, which is 0 when there is nothing now. */
    private long look(long at, int want) {
      if (writtenSeen - at < want) {
        writtenSeen = count(written());
        highWaterRead = Math.max(highWaterRead, writtenSeen - at);
      }
      long upTo = writtenSeen;
      Slots queue = slots;
      while (given == null && queue != null && at < upTo) {
        Object first = queue.first();
        if (first == null) {
          break;
        }
        long start = queue.firstStart();
        if (start > at) {
          upTo = Math.min(upTo, start);
          break;
        }
        if (first instanceof Ring ring) {
          letGo(reading);
          reading = ring;
          ringRead = 0;
          fetched = 0;
          queue.remove();
        } else {
          given = first;
          givenAt = 0;
        }
      }
      Object item = given;
      run = item == null ? upTo - at : buffer(item).remaining() - givenAt;
      return run;
    }

    private void afterRead() {
      sinkReady.run();
      if (cached() == 0) {
        drained(written());
      }
    }

    @Override
    public int segment() {
      boolean there = run > 0 || look(count(consumedByMe()) + held, 1) > 0;
      return there && given instanceof ByteBuffer ? (int) run : 0;
    }

    @Override
    public @Nullable ByteBuffer take(int max) {
      countRead();
      long word = consumedByMe();
      int n = (int) Math.min(run == 0 ? look(count(word) + held, 1) : run, max);
      if (n == 0 || has(word, DROPPED)) {
        tried();
        return null;
      }
      Object item = given;
      ByteBuffer taken;
      if (item instanceof ByteBuffer whole && n == whole.remaining()) {
        taken = whole;
      } else if (item instanceof ByteBuffer part) {
        taken = part.slice(part.position() + givenAt, n);
      } else {
        taken = ByteBuffer.allocate(n);
        return copyOut(word, taken, n, false) ? passOn(taken.flip()) : null;
      }
      addGivenConsumed(n);
      if (!publishConsumed(word, word + n)) {
        return null;
      }
      advance(n);
      return passOn(taken);
    }

    private ByteBuffer passOn(ByteBuffer taken) {
      afterRead();
      return taken;
    }

    @Override
    public @Nullable ByteBuffer lend(int max) {
      countRead();
      long word = consumedByMe();
      int n = (int) Math.min(run == 0 ? look(count(word) + held, 1) : run, max);
      if (n == 0 || has(word, DROPPED)) {
        tried();
        return null;
      }
      Object item = given;
      Ring ring = reading;
      if (item != null) {
        ByteBuffer data = buffer(item);
        return data.slice(data.position() + givenAt, n).asReadOnlyBuffer();
      }
      return ring == null ? null : ring.view(ringRead, n);
    }

    @Override
    public void unlend(int n) {
      if (n > 0) {
        if (given != null) {
          addGivenConsumed(n);
        }
        long word = consumedByMe();
        if (!has(word, DROPPED) && publishConsumed(word, word + n)) {
          advance(n);
        }
      }
      VarHandle.fullFence();
      afterRead();
    }

    @Override
    public long available() {
      // In this order, so that it is never less than nothing.
      long mine = consumed();
      return has(mine, DROPPED) ? 0 : count(written()) - count(mine);
    }

    @Override
    public long capacity() {
      return capacity;
    }

    @Override
    public long dropped() {
      return sink.dropped();
    }

    @Override
    public void close() {
      if (has(markConsumed(DROPPED), DROPPED)) {
        return;
      }
      long word = markWritten(DROPPED);
      Slots queue = slots;
      if (queue != null) {
        queue.drop(count(word), MemoryPipe.this::release);
      }
      letGo(writing);
      letGo(reading);
      sinkReady.run();
    }
  }

  /** Two at once where there must be one would otherwise go on with each other's bytes. */
  private void checkAlone(long now, long before, String who) {
    if (count(now) != count(before)) {
      throw new IllegalStateException(
          name + ": a second " + who + " at the same time, but the pipe was made for one");
    }
  }

  private final class Sink implements SegmentSink, Paced, Offering {
    @Override
    public boolean ready() {
      long word = written();
      return has(word, REFUSED) || unfreed(word) < capacity;
    }

    @Override
    public void onReady(Runnable ready) {
      sinkReady = ready;
    }

    /** How many bytes take up room. */
    private long unfreed(long word) {
      // In this order, see freed().
      long seen = count(consumed());
      return count(word) - seen - freed();
    }

    @Override
    public long cached() {
      return capacity - (count(writtenByMe()) - consumedSeen);
    }

    private IOException refusal(long word) {
      Throwable cause = failure;
      if (has(word, FAILED) && cause != null) {
        return Faults.kept(cause);
      }
      return has(word, DROPPED)
          ? new BrokenPipeException(name, "nobody will read any more", dropped())
          : new BrokenPipeException(name, "the stream has ended", 0);
    }

    @Override
    public int write(ByteBuffer src) throws IOException {
      int moved = 0;
      int want = src.remaining();
      long word = writtenByMe();
      while (true) {
        if (has(word, REFUSED)) {
          if (moved > 0) {
            break;
          }
          throw refusal(word);
        }
        if (has(word, RECOUNT)) {
          word = recounted();
        }
        int n = (int) Math.min(free < want || has(word, TRIMMED) ? look(word, want) : free, want);
        if (n == 0) {
          break;
        }
        n = Math.min(n, piece);
        long next = copyIn(word, src, n);
        if (next != word) {
          moved += n;
          want -= n;
          word = next;
          continue;
        }
        word = written();
      }
      if (moved > 0) {
        sourceReady.run();
        noteWrite(word);
      }
      return moved;
    }

    /**
     * Forgets the room that was seen, and takes the mark off first: a later mark changes the word
     * again.
     */
    private long recounted() {
      free = 0;
      return unmarkWritten(RECOUNT) & ~RECOUNT;
    }

    /** Copies and publishes; returns the word afterwards, which is the same if that failed. */
    private long copyIn(long word, ByteBuffer src, int n) {
      int from = src.position();
      Ring ring = writing;
      long next = (word + n) & ~TRIMMED;
      if (n <= SMALL && ring != null && ringWritten + n > owned) {
        int ahead = (int) Math.min(free, AHEAD);
        ring.own(ringWritten - writingStart, ahead);
        owned = ringWritten + ahead;
      }
      if (ring != null && ring.put(ringWritten - writingStart, src, n)) {
        if (publishWritten(word, next)) {
          ringWritten += n;
          free -= n;
          return next;
        }
        checkAlone(written(), word, "writer");
      }
      src.position(from);
      return word;
    }

    /** Looks how many bytes can be copied: up to as many as are wanted, if there is the room. */
    private long look(long word, int want) {
      long seen = count(consumed());
      consumedSeen = seen;
      long room = capacity - (count(word) - seen - freed());
      free = 0;
      if (room > 0) {
        int most = (int) Math.min(want, room);
        Ring ring = has(word, TRIMMED) ? null : writing;
        int space = ring == null ? 0 : ring.size() - inRing(Math.max(seen, copied()));
        if (ring == null || space <= 0 || (space < most && ring.size() < largest)) {
          ring = nextRing(word, most, ring);
          space = ring.size();
        }
        free = Math.min(room, space);
      }
      return free;
    }

    /** How many bytes of the present ring are unread, at the most. */
    private int inRing(long seen) {
      // What was given is counted before it is consumed, so this errs towards less being free.
      long unread = ringWritten - (seen - givenConsumed());
      return (int) Math.min(unread, ringWritten - writingStart);
    }

    private Ring nextRing(long word, int want, @Nullable Ring present) {
      int size = Math.max(powerOfTwo(want), present == null ? FIRST_RING : 4 * present.size());
      Ring ring = new Ring(Math.min(size, largest), direct);
      grew(ring.size());
      slots().put(count(word), ring);
      if (present != null && ringWritten == writingStart) {
        // Nothing is in it, and nothing will be.
        letGo(present);
      }
      writing = ring;
      writingStart = ringWritten;
      owned = ringWritten;
      // Whoever has ended it or closed it either saw this one, or is seen here.
      VarHandle.fullFence();
      if (isOver(written())) {
        letGo(ring);
      }
      return ring;
    }

    private Slots slots() {
      Slots queue = slots;
      if (queue == null) {
        queue = new Slots();
        slots = queue;
      }
      return queue;
    }

    @Override
    public void offer(ByteBuffer src) {
      long word = writtenByMe();
      // On the heap only: memory outside it may be gone while a reader copies what was withdrawn.
      // And only where something was written since the last one, so that the reader can tell two
      // offers by their places.
      if (src.remaining() >= piece
          && src.hasArray()
          && !has(word, ~COUNT)
          && count(word) != withdrawnAt) {
        int from = src.arrayOffset() + src.position();
        offer = new Offer(src.array(), from, src.remaining(), count(word));
        if (!publishWritten(word, word | OFFERED)) {
          offer = null;
        }
      }
    }

    @Override
    public int withdraw(ByteBuffer src) {
      Offer offered = offer;
      if (offered == null) {
        return 0;
      }
      long word = unmarkWritten(OFFERED);
      offer = null;
      withdrawnAt = count(word);
      int taken = (int) (withdrawnAt - offered.start());
      if (taken > 0) {
        src.position(src.position() + taken);
        countWrite();
      }
      return taken;
    }

    /** Keeps the statistics; after the other side was told, which need not wait for that. */
    private void noteWrite(long word) {
      countWrite();
      if (count(word) - consumedSeen > highWaterMark() && --markSkips < 0) {
        // Fetches the reader's cache line, so it is done the less often the less comes of it.
        consumedSeen = count(consumed());
        long level = count(word) - consumedSeen;
        markPause = level > highWaterMark() ? 0 : Math.min(MOST_MARK_SKIPS, 2 * markPause + 1);
        markSkips = markPause;
        raiseHighWater(level);
      }
    }

    @Override
    public boolean give(ByteBuffer immutable, @Nullable Runnable released) throws IOException {
      int n = immutable.remaining();
      Object item = released == null ? immutable : new Lease(immutable, released);
      boolean put = false;
      while (true) {
        long word = writtenByMe();
        if (has(word, REFUSED)) {
          // An entry that was put stands at the end, which no reader reaches.
          throw refusal(word);
        }
        if (!put) {
          boolean recount = has(word, RECOUNT);
          if (recount) {
            word = recounted();
          }
          if (recount || count(word) - consumedSeen >= capacity) {
            consumedSeen = count(consumed());
            if (count(word) - consumedSeen - freed() >= capacity) {
              return false;
            }
          }
          // From here on it must be published, or the next write would be found behind it.
          slots().put(count(word), item);
          put = true;
        }
        if (publishWritten(word, word + n)) {
          free = Math.max(0, free - n);
          sourceReady.run();
          noteWrite(word + n);
          return true;
        }
        checkAlone(written(), word, "writer");
      }
    }

    @Override
    public void end() {
      long word = markWritten(ENDED) | ENDED;
      sourceReady.run();
      drained(word);
    }

    @Override
    public long room() {
      long word = written();
      if (has(word, REFUSED)) {
        return 0;
      }
      return capacity == Long.MAX_VALUE
          ? capacity
          : Math.min(capacity, Math.max(0, capacity - unfreed(word)));
    }

    @Override
    public long pending() {
      long mine = consumed();
      long word = written();
      return has(word, DROPPED) ? 0 : count(word) - count(mine);
    }

    @Override
    public long dropped() {
      // Both words stand still once they are marked.
      long word = written();
      return has(word, DROPPED) ? count(word) - count(consumed()) : 0;
    }

    @Override
    public long reads() {
      return has(written(), DROPPED) ? Long.MAX_VALUE : readCount();
    }

    @Override
    public void close() {
      end();
    }
  }
}
