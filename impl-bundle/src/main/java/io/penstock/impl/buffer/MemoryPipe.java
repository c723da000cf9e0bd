// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.buffer;

import io.penstock.spi.SegmentSink;
import io.penstock.spi.SegmentSource;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongConsumer;
import java.util.function.LongPredicate;
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
 * followed by larger ones while the reader lags behind, or a {@link Flood} lasts.
 */
public final class MemoryPipe extends Cursors implements PipeBody {
  private static final int CORES = Runtime.getRuntime().availableProcessors();

  /** One for all pipes, because they share the processors. */
  static final Flood.Places FLOODS = new Flood.Places(CORES);

  private static final int LARGEST_RING = 1024 * 1024;
  // Large moves are published in pieces, so that the other side works at the same time.
  private static final int PIECE = 16 * 1024;
  static final long REFUSED = ENDED | DROPPED | FAILED;
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
  static final int SMALL = 256;

  /** How many bytes' lines are fetched together. */
  static final int AHEAD = 4096;

  /**
   * A given buffer whose giver wants to know when it is free again, once: a reader that has used it
   * up and a thread that drops what is buffered may both say so.
   */
  static final class Lease {
    final ByteBuffer buffer;
    private final AtomicReference<@Nullable Runnable> released;

    Lease(ByteBuffer buffer, Runnable released) {
      this.buffer = buffer;
      this.released = new AtomicReference<>(released);
    }

    void release() {
      Runnable first = released.getAndSet(null);
      if (first != null) {
        first.run();
      }
    }
  }

  final String name;
  final long capacity;

  /** How large a ring becomes while the reader lags behind. */
  final int largest;

  /** How large a ring becomes while a flood lasts. */
  final int flooded;

  final int piece;
  final boolean direct;

  /**
   * How many bytes a write offers to the reader at once at most; 0 for never. Of more than fits, a
   * writer that waits offers the rest.
   */
  final long offersMost;

  private final MemorySource source = new MemorySource(this);
  private final MemorySink sink = new MemorySink(this);

  // Made by the writer, and found by threads that have seen its later publications.
  @Nullable Slots slots;

  @SuppressWarnings("unused")
  volatile @Nullable Throwable failure;

  @SuppressWarnings("unused")
  private volatile boolean drainedTold;

  // Set after the writer's word was marked as ended or cut. A reader that has caught up looks here,
  // because its look at the word would take the cache line from a writer that goes on.
  private volatile boolean ending;

  volatile Runnable sourceReady = () -> {};
  volatile Runnable sinkReady = () -> {};
  private volatile @Nullable Runnable onDrained;
  private volatile @Nullable LongConsumer counter;
  private volatile @Nullable LongPredicate ample;

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
    this(name, capacity, direct, false);
  }

  /**
   * The same.
   *
   * @param looks whether a write may look for a moment whether the reader is at work
   */
  public MemoryPipe(String name, long capacity, boolean direct, boolean looks) {
    this.name = name;
    this.capacity = capacity;
    this.largest = powerOfTwo(Math.min(capacity, LARGEST_RING));
    // With one processor there is no cache but this one's. Java may have less memory outside the
    // heap than is known.
    this.flooded = CORES > 1 && !direct ? Math.min(4 * largest, LARGEST_RING) : largest;
    this.piece = (int) Math.max(1, Math.min(PIECE, capacity / 4));
    this.direct = direct;
    this.offersMost = looks ? capacity : 0;
  }

  /**
   * Whether a write may look for a moment what the reader does.
   *
   * @param spin how long a call that must wait tries again; empty for what has proved useful
   */
  public static boolean looks(Optional<Duration> spin) {
    return CORES > 1 && spin.isEmpty();
  }

  static int powerOfTwo(long atLeast) {
    return atLeast <= 1 ? 1 : Integer.highestOneBit((int) atLeast - 1) << 1;
  }

  static long count(long word) {
    return word & COUNT;
  }

  static boolean has(long word, long marks) {
    return (word & marks) != 0;
  }

  /** The readable half. */
  @Override
  public SegmentSource source() {
    return source;
  }

  /** The writable half. */
  @Override
  public SegmentSink sink() {
    return sink;
  }

  /** Calls back once, when the stream was ended and everything was read. */
  @Override
  public void onDrained(Runnable callback) {
    onDrained = callback;
    drained(written());
  }

  /** Has the memory for copies counted, by how much more or less it becomes; before any write. */
  @Override
  public void countTo(LongConsumer value) {
    counter = value;
  }

  /**
   * Lets a ring become four times as large, up to 1 MiB, while a flood lasts; before any write.
   *
   * @param value whether there is memory to spare for so many bytes
   */
  public void floodsWhile(LongPredicate value) {
    ample = value;
  }

  boolean isAmple(long bytes) {
    LongPredicate mine = ample;
    return mine != null && mine.test(bytes);
  }

  void grew(long change) {
    LongConsumer mine = counter;
    if (mine != null && change != 0) {
      mine.accept(change);
    }
  }

  /** Nobody will look for anything in a ring any more. */
  void letGo(@Nullable Ring ring) {
    if (ring != null) {
      grew(-ring.discard());
    }
  }

  /** Whether nothing will be read any more, and nothing written. */
  boolean isOver(long word) {
    return has(word, DROPPED) || (has(word, ENDED | FAILED) && count(word) == count(consumed()));
  }

  /** How many bytes it holds at most. */
  @Override
  public long capacity() {
    return capacity;
  }

  /** Whether it was aborted, or ended and drained. */
  @Override
  public boolean isSpent() {
    long word = written();
    return failure != null || (has(word, ENDED) && count(word) == count(consumed()));
  }

  /**
   * Cuts the stream: what is buffered is still read, then each read throws; writes throw at once.
   */
  @Override
  public void abort(Throwable cause) {
    boolean mine = FAILURE.compareAndSet(this, null, cause);
    while (mine) {
      long word = written();
      boolean over = has(word, ENDED) && count(word) == count(consumed());
      mine = !over && !has(word, DROPPED) && !publishWritten(word, word | FAILED);
    }
    ending();
    drained(written());
    sourceReady.run();
    sinkReady.run();
  }

  /**
   * Gives the memory for copies back if nothing is buffered; the next copying write makes it anew.
   *
   * @return false if something is buffered, or there was nothing to give back
   */
  @Override
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
  @Override
  public long bytesWritten() {
    return count(written());
  }

  /** How many bytes were read in all. */
  @Override
  public long bytesRead() {
    return count(consumed());
  }

  @Override
  public long progress() {
    return Math.max(count(consumed()), copied());
  }

  /** How many writes have moved something. */
  @Override
  public long writes() {
    return writeCount();
  }

  /** How many reads there were. */
  @Override
  public long reads() {
    return readCount();
  }

  /**
   * The most bytes that were seen buffered at once: by the caller of this method, by each read that
   * had to look, and by writes.
   */
  @Override
  public long highWater() {
    return Math.max(sink.pending(), Math.max(highWaterRead, highWaterMark()));
  }

  /**
   * The writer's word was marked: nothing more comes. A reader publishes what it has consumed
   * before it looks whether the stream ends, so one of the two threads sees the other.
   */
  void ending() {
    ending = true;
    // The look that follows is an acquiring load, which a volatile store alone does not hold back.
    VarHandle.fullFence();
  }

  /** The reader has consumed what it has seen, and has published that. */
  void caughtUp() {
    if (ending) {
      drained(written());
    }
  }

  /** Once it is over and everything was read, nobody needs its memory. */
  void drained(long word) {
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

  void release(Object item) {
    if (item instanceof Lease lease) {
      lease.release();
    } else if (item instanceof Ring ring) {
      letGo(ring);
    }
  }

  static ByteBuffer buffer(Object item) {
    return item instanceof Lease lease ? lease.buffer : (ByteBuffer) item;
  }

  /** Two at once where there must be one would otherwise go on with each other's bytes. */
  void checkAlone(long now, long before, String who) {
    if (count(now) != count(before)) {
      throw new IllegalStateException(
          name + ": a second " + who + " at the same time, but the pipe was made for one");
    }
  }
}
