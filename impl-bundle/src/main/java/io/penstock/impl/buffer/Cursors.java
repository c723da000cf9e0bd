// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.buffer;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/**
 * The two sides' fields, each on cache lines of its own: what one side changes all the time must
 * not lie beside what the other reads all the time. Fields of a superclass come first in memory,
 * which is what keeps the padding between them.
 *
 * <p>The published words are touched through the accessors here and nowhere else, so that the
 * ordering of every access can be read off its name.
 */
@SuppressWarnings("unused")
abstract class Cursors extends ReaderSide {
  /** The bits of a word that count bytes; the others say what has become of the stream. */
  static final long COUNT = (1L << 58) - 1;

  /** In the writer's word: the writer has ended the stream. */
  static final long ENDED = 1L << 62;

  /** In both words: the reader will read no more. */
  static final long DROPPED = 1L << 61;

  /** In the writer's word: the stream was cut. */
  static final long FAILED = 1L << 60;

  /** In the writer's word: the memory was given back while the pipe was empty. */
  static final long TRIMMED = 1L << 59;

  /** In the writer's word: the writer waits or looks, and lets the reader take from its array. */
  static final long OFFERED = 1L << 58;

  /**
   * In the writer's word: there may be less room than the writer has seen, because the reader has
   * put bytes back.
   */
  static final long RECOUNT = 1L << 63;

  private static final VarHandle WRITTEN;
  private static final VarHandle CONSUMED;
  private static final VarHandle COPIED;
  private static final VarHandle FREED;
  private static final VarHandle GIVEN;
  private static final VarHandle READS;
  private static final VarHandle WRITES;
  private static final VarHandle HIGH_WATER;

  static {
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      WRITTEN = lookup.findVarHandle(WriterSide.class, "written", long.class);
      CONSUMED = lookup.findVarHandle(ReaderSide.class, "consumed", long.class);
      COPIED = lookup.findVarHandle(ReaderSide.class, "copied", long.class);
      FREED = lookup.findVarHandle(ReaderSide.class, "freed", long.class);
      GIVEN = lookup.findVarHandle(ReaderSide.class, "givenConsumed", long.class);
      READS = lookup.findVarHandle(ReaderSide.class, "reads", long.class);
      WRITES = lookup.findVarHandle(WriterSide.class, "writes", long.class);
      HIGH_WATER = lookup.findVarHandle(WriterSide.class, "highWater", long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private int gap2;
  private long p20;
  private long p21;
  private long p22;
  private long p23;
  private long p24;
  private long p25;
  private long p26;

  /** What the writer has published. Everything that it wrote before is visible. */
  final long written() {
    return (long) WRITTEN.getAcquire((WriterSide) this);
  }

  /** The writer's word as read by its owner, which needs no ordering with itself. */
  final long writtenByMe() {
    return (long) WRITTEN.getOpaque((WriterSide) this);
  }

  /**
   * Publishes, unless another thread has changed the word since it was read. This is a full fence:
   * values that are read afterwards, such as whether a thread waits, are not older than the
   * published value.
   */
  final boolean publishWritten(long expected, long value) {
    return WRITTEN.compareAndSet((WriterSide) this, expected, value);
  }

  /** Adds a mark to the writer's word, and returns the word as it was before. */
  final long markWritten(long mark) {
    return (long) WRITTEN.getAndBitwiseOr((WriterSide) this, mark);
  }

  /** Takes a mark off the writer's word, and returns the word as it was before. */
  final long unmarkWritten(long mark) {
    return (long) WRITTEN.getAndBitwiseAnd((WriterSide) this, ~mark);
  }

  /** What the reader has published: so much was delivered, and may be overwritten. */
  final long consumed() {
    return (long) CONSUMED.getAcquire((ReaderSide) this);
  }

  /** The reader's word again, as its owner reads it. */
  final long consumedByMe() {
    return (long) CONSUMED.getOpaque((ReaderSide) this);
  }

  /** Publishes as {@link #publishWritten} does. */
  final boolean publishConsumed(long expected, long value) {
    return CONSUMED.compareAndSet((ReaderSide) this, expected, value);
  }

  /** Adds a mark to the reader's word, and returns the word as it was before. */
  final long markConsumed(long mark) {
    return (long) CONSUMED.getAndBitwiseOr((ReaderSide) this, mark);
  }

  /**
   * How far a long read has copied, which may be overwritten although it counts as buffered. It
   * never falls, and says nothing where more was delivered.
   */
  final long copied() {
    return (long) COPIED.getAcquire((ReaderSide) this);
  }

  final void setCopied(long upTo) {
    COPIED.setRelease((ReaderSide) this, upTo);
  }

  /**
   * For how many of the bytes that a long read has copied the writer has room again. To be read
   * after {@link #consumed}: together they are then never too much.
   */
  final long freed() {
    return (long) FREED.getAcquire((ReaderSide) this);
  }

  final void setFreed(long n) {
    FREED.setRelease((ReaderSide) this, n);
  }

  /** How many of the consumed bytes were not in a ring; published before they count as consumed. */
  final long givenConsumed() {
    return (long) GIVEN.getAcquire((ReaderSide) this);
  }

  final void addGivenConsumed(long n) {
    GIVEN.setRelease((ReaderSide) this, (long) GIVEN.getOpaque((ReaderSide) this) + n);
  }

  final void countRead() {
    READS.setRelease((ReaderSide) this, (long) READS.getOpaque((ReaderSide) this) + 1);
  }

  final long readCount() {
    return (long) READS.getAcquire((ReaderSide) this);
  }

  final void countWrite() {
    WRITES.setOpaque((WriterSide) this, (long) WRITES.getOpaque((WriterSide) this) + 1);
  }

  final long writeCount() {
    return (long) WRITES.getOpaque((WriterSide) this);
  }

  final void raiseHighWater(long level) {
    if (level > highWaterMark()) {
      HIGH_WATER.setOpaque((WriterSide) this, level);
    }
  }

  final long highWaterMark() {
    return (long) HIGH_WATER.getOpaque((WriterSide) this);
  }
}

/** Keeps the writer's fields off the header and what comes before the object. */
@SuppressWarnings("unused")
abstract class FrontPadding {
  // Takes the gap behind the header, where a field of a subclass would be put otherwise; the other
  // ints of the padding do the same for the gap behind a reference.
  private int gap0;
  private long p00;
  private long p01;
  private long p02;
  private long p03;
  private long p04;
  private long p05;
}

/** What the writing side changes. */
abstract class WriterSide extends FrontPadding {
  volatile long written;

  /** The reader's word when it was last looked at. */
  long consumedSeen;

  /** How many bytes can be copied without another look. */
  long free;

  /** Where in the rings the next copied byte goes, counted from the first. */
  long ringWritten;

  /** Where {@link #writing} began in the rings. */
  long writingStart;

  /** How far the lines of {@link #writing} were fetched, counted as {@link #ringWritten} is. */
  long owned;

  @Nullable Ring writing;

  long writes;

  long highWater;

  /** How many writes to leave out before the high-water mark is looked after again. */
  int markSkips;

  int markPause;

  /**
   * What the reader may take while the word says so; read by it, too. The first offer makes the
   * object, and later ones use it again.
   */
  @Nullable Offer offer;

  /** Where in the stream the last offer was withdrawn. */
  long withdrawnAt = -1;
}

/** Keeps the sides apart: two lines, because the hardware fetches lines in pairs. */
@SuppressWarnings("unused")
abstract class MiddlePadding extends WriterSide {
  private int gap1;
  private long p10;
  private long p11;
  private long p12;
  private long p13;
  private long p14;
  private long p15;
  private long p16;
  private long p17;
  private long p18;
  private long p19;
  private long p1a;
  private long p1b;
  private long p1c;
  private long p1d;
  private long p1e;
}

/** What the reading side changes. */
abstract class ReaderSide extends MiddlePadding {
  volatile long consumed;

  volatile long copied;

  volatile long freed;

  volatile long givenConsumed;

  /** How many bytes a long read has copied and not delivered. */
  long held;

  /** The most bytes that the reader has seen at once. */
  long highWaterRead;

  /** How far the writer had come when it was last looked at. */
  long writtenSeen;

  /** How many bytes are there in one run without another look. */
  long run;

  /** Where in {@link #reading} the next byte is. */
  long ringRead;

  /** How far the lines of {@link #reading} were fetched. */
  long fetched;

  @Nullable Ring reading;

  /** The given buffer that is being read, and how far. */
  @Nullable Object given;

  int givenAt;

  /** What {@link Paced#fetchNext} has found: kept, or the compiler would leave the look out. */
  int foreseen;

  long reads;
}
