// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.buffer;

import static io.penstock.impl.buffer.Cursors.COUNT;
import static io.penstock.impl.buffer.Cursors.DROPPED;
import static io.penstock.impl.buffer.Cursors.ENDED;
import static io.penstock.impl.buffer.Cursors.FAILED;
import static io.penstock.impl.buffer.Cursors.OFFERED;
import static io.penstock.impl.buffer.Cursors.RECOUNT;
import static io.penstock.impl.buffer.Cursors.TRIMMED;
import static io.penstock.impl.buffer.MemoryPipe.AHEAD;
import static io.penstock.impl.buffer.MemoryPipe.REFUSED;
import static io.penstock.impl.buffer.MemoryPipe.SMALL;
import static io.penstock.impl.buffer.MemoryPipe.count;
import static io.penstock.impl.buffer.MemoryPipe.has;
import static io.penstock.impl.buffer.MemoryPipe.powerOfTwo;

import io.penstock.error.BrokenPipeException;
import io.penstock.impl.engine.Faults;
import io.penstock.spi.SegmentSink;
import java.io.IOException;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** The writable half of a {@link MemoryPipe}: for one writer at a time. */
final class MemorySink implements SegmentSink, Paced, Offering {
  private final MemoryPipe pipe;

  MemorySink(MemoryPipe pipe) {
    this.pipe = pipe;
  }

  private static final int FIRST_RING = 4 * 1024;
  private static final int MAX_MARK_SKIPS = 63;

  /**
   * What of a large write goes through the ring, in bytes: the reader then knows that there is
   * something, and an offer never begins where the last one has ended.
   */
  private static final int FRONT = 512;

  private static final int LARGE = FRONT + 16 * 1024;

  private static final int LOOKS_IN_VAIN = 40;
  private static final int PAUSES_A_LOOK = 8;
  private static final int MOST_LEFT_OUT = 255;

  // How many writes are not offered, and how many of these are left.
  private int leaveOut;
  private int leftOut;

  @Override
  public boolean ready() {
    long word = pipe.written();
    return has(word, REFUSED) || unfreed(word) < pipe.capacity;
  }

  @Override
  public void onReady(Runnable ready) {
    pipe.sinkReady = ready;
  }

  /** How many bytes take up room. */
  private long unfreed(long word) {
    // In this order, see freed().
    long seen = count(pipe.consumed());
    return count(word) - seen - pipe.freed();
  }

  @Override
  public long cached() {
    return pipe.capacity - (count(pipe.writtenByMe()) - pipe.consumedSeen);
  }

  private IOException refusal(long word) {
    Throwable cause = pipe.failure;
    if (has(word, FAILED) && cause != null) {
      return Faults.kept(cause);
    }
    return has(word, DROPPED)
        ? new BrokenPipeException(pipe.name, "nobody will read any more", dropped())
        : new BrokenPipeException(pipe.name, "the stream has ended", 0);
  }

  @Override
  public int write(ByteBuffer src) throws IOException {
    int moved = 0;
    int want = src.remaining();
    long word = pipe.writtenByMe();
    boolean offers = want >= LARGE && pipe.offers && src.hasArray() && isTimeToOffer();
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
      int n =
          (int)
              Math.min(pipe.free < want || has(word, TRIMMED) ? look(word, want) : pipe.free, want);
      if (n == 0) {
        break;
      }
      n = Math.min(n, offers ? Math.min(FRONT, pipe.piece) : pipe.piece);
      long next = copyIn(word, src, n);
      if (next != word) {
        moved += n;
        want -= n;
        word = next;
        if (offers) {
          offers = false;
          int taken = offerNow(src);
          moved += taken;
          want -= taken;
          word = pipe.writtenByMe();
        }
        continue;
      }
      word = pipe.written();
    }
    if (moved > 0) {
      pipe.sourceReady.run();
      noteWrite(word);
    }
    return moved;
  }

  /**
   * Forgets the room that was seen, and takes the mark off first: a later mark changes the word
   * again.
   */
  private long recounted() {
    pipe.free = 0;
    return pipe.unmarkWritten(RECOUNT) & ~RECOUNT;
  }

  /** Copies and publishes; returns the word afterwards, which is the same if that failed. */
  private long copyIn(long word, ByteBuffer src, int n) {
    int from = src.position();
    Ring ring = pipe.writing;
    long next = (word + n) & ~TRIMMED;
    if (n <= SMALL && ring != null && pipe.ringWritten + n > pipe.owned) {
      int ahead = (int) Math.min(pipe.free, AHEAD);
      ring.own(pipe.ringWritten - pipe.writingStart, ahead);
      pipe.owned = pipe.ringWritten + ahead;
    }
    if (ring != null && ring.put(pipe.ringWritten - pipe.writingStart, src, n)) {
      if (pipe.publishWritten(word, next)) {
        pipe.ringWritten += n;
        pipe.free -= n;
        return next;
      }
      pipe.checkAlone(pipe.written(), word, "writer");
    }
    src.position(from);
    return word;
  }

  /** Looks how many bytes can be copied: up to as many as are wanted, if there is the room. */
  private long look(long word, int want) {
    long seen = count(pipe.consumed());
    pipe.consumedSeen = seen;
    long room = pipe.capacity - (count(word) - seen - pipe.freed());
    pipe.free = 0;
    if (room > 0) {
      int most = (int) Math.min(want, room);
      Ring ring = has(word, TRIMMED) ? null : pipe.writing;
      int space = ring == null ? 0 : ring.size() - inRing(Math.max(seen, pipe.copied()));
      if (ring == null || space <= 0 || (space < most && ring.size() < pipe.largest)) {
        ring = nextRing(word, most, ring);
        space = ring.size();
      }
      pipe.free = Math.min(room, space);
    }
    return pipe.free;
  }

  /** How many bytes of the present ring are unread, at the most. */
  private int inRing(long seen) {
    // What was given is counted before it is consumed, so this errs towards less being free.
    long unread = pipe.ringWritten - (seen - pipe.givenConsumed());
    return (int) Math.min(unread, pipe.ringWritten - pipe.writingStart);
  }

  private Ring nextRing(long word, int want, @Nullable Ring present) {
    int size = Math.max(powerOfTwo(want), present == null ? FIRST_RING : 4 * present.size());
    Ring ring = new Ring(Math.min(size, pipe.largest), pipe.direct);
    pipe.grew(ring.size());
    slots().put(count(word), ring);
    if (present != null && pipe.ringWritten == pipe.writingStart) {
      // Nothing is in it, and nothing will be.
      pipe.letGo(present);
    }
    pipe.writing = ring;
    pipe.writingStart = pipe.ringWritten;
    pipe.owned = pipe.ringWritten;
    // A thread that has ended or closed the pipe either saw this ring, or is seen here.
    VarHandle.fullFence();
    if (pipe.isOver(pipe.written())) {
      pipe.letGo(ring);
    }
    return ring;
  }

  private Slots slots() {
    Slots queue = pipe.slots;
    if (queue == null) {
      queue = new Slots();
      pipe.slots = queue;
    }
    return queue;
  }

  @Override
  public void offer(ByteBuffer src) {
    long word = pipe.writtenByMe();
    // On the heap only: memory outside it may be gone while a reader copies what was withdrawn.
    // And only where something was written since the last one, so that the reader can tell two
    // offers by their places.
    if (src.remaining() >= pipe.piece
        && src.hasArray()
        && !has(word, ~COUNT)
        && count(word) != pipe.withdrawnAt) {
      Offer mine = pipe.offer;
      if (mine == null) {
        mine = new Offer();
        pipe.offer = mine;
      }
      int from = src.arrayOffset() + src.position();
      mine.make(src.array(), from, src.remaining(), count(word));
      if (!pipe.publishWritten(word, word | OFFERED)) {
        mine.clear();
      }
    }
  }

  @Override
  public int withdraw(ByteBuffer src) {
    int taken = takeBack(src);
    if (taken > 0) {
      pipe.countWrite();
    }
    return taken;
  }

  private int takeBack(ByteBuffer src) {
    Offer offered = pipe.offer;
    if (offered == null || !offered.isMade()) {
      return 0;
    }
    long word = pipe.unmarkWritten(OFFERED);
    offered.clear();
    pipe.withdrawnAt = count(word);
    int taken = (int) (pipe.withdrawnAt - offered.start());
    src.position(src.position() + taken);
    return taken;
  }

  /** Offers are left out after offers in vain, the more the longer that goes on. */
  private boolean isTimeToOffer() {
    if (leftOut > 0) {
      leftOut--;
      return false;
    }
    return true;
  }

  /**
   * Offers the rest of a large write for as long as the reader takes of it: its bytes then go to
   * the other core once, in place of through the ring.
   *
   * @return how many bytes were taken
   */
  private int offerNow(ByteBuffer src) {
    offer(src);
    Offer offered = pipe.offer;
    if (offered == null || !offered.isMade()) {
      return 0;
    }
    int taken;
    try {
      pipe.sourceReady.run();
      awaitReader(offered.end());
    } finally {
      taken = takeBack(src);
    }
    leaveOut = taken > 0 ? 0 : Math.min(MOST_LEFT_OUT, 2 * leaveOut + 1);
    leftOut = leaveOut;
    return taken;
  }

  /** Looks until the reader has taken bytes up to a place, or does nothing for a moment. */
  private void awaitReader(long end) {
    long seen = -1;
    int idle = 0;
    while (idle < LOOKS_IN_VAIN) {
      for (int i = 0; i < PAUSES_A_LOOK; i++) {
        Thread.onSpinWait();
      }
      long word = pipe.written();
      if (count(word) == end || has(word, REFUSED)) {
        return;
      }
      // One of both rises while the reader is at work.
      long now = count(word) + count(pipe.consumed());
      idle = now == seen ? idle + 1 : 0;
      seen = now;
    }
  }

  /** Keeps the statistics; after the other side was told, which need not wait for that. */
  private void noteWrite(long word) {
    pipe.countWrite();
    if (count(word) - pipe.consumedSeen > pipe.highWaterMark() && --pipe.markSkips < 0) {
      // Fetches the reader's cache line, so it is done the less often the less comes of it.
      pipe.consumedSeen = count(pipe.consumed());
      long level = count(word) - pipe.consumedSeen;
      pipe.markPause =
          level > pipe.highWaterMark() ? 0 : Math.min(MAX_MARK_SKIPS, 2 * pipe.markPause + 1);
      pipe.markSkips = pipe.markPause;
      pipe.raiseHighWater(level);
    }
  }

  @Override
  public boolean give(ByteBuffer immutable, @Nullable Runnable released) throws IOException {
    int n = immutable.remaining();
    Object item = released == null ? immutable : new MemoryPipe.Lease(immutable, released);
    boolean put = false;
    while (true) {
      long word = pipe.writtenByMe();
      if (has(word, REFUSED)) {
        // An entry that was put stands at the end, which no reader reaches.
        throw refusal(word);
      }
      if (!put) {
        boolean recount = has(word, RECOUNT);
        if (recount) {
          word = recounted();
        }
        if (recount || count(word) - pipe.consumedSeen >= pipe.capacity) {
          pipe.consumedSeen = count(pipe.consumed());
          if (count(word) - pipe.consumedSeen - pipe.freed() >= pipe.capacity) {
            return false;
          }
        }
        // From here on it must be published, or the next write would be found behind it.
        slots().put(count(word), item);
        put = true;
      }
      if (pipe.publishWritten(word, word + n)) {
        pipe.free = Math.max(0, pipe.free - n);
        pipe.sourceReady.run();
        noteWrite(word + n);
        return true;
      }
      pipe.checkAlone(pipe.written(), word, "writer");
    }
  }

  @Override
  public void end() {
    long word = pipe.markWritten(ENDED) | ENDED;
    // First, because what is told below may throw.
    pipe.ending();
    pipe.sourceReady.run();
    pipe.drained(word);
  }

  @Override
  public long room() {
    long word = pipe.written();
    if (has(word, REFUSED)) {
      return 0;
    }
    return pipe.capacity == Long.MAX_VALUE
        ? pipe.capacity
        : Math.min(pipe.capacity, Math.max(0, pipe.capacity - unfreed(word)));
  }

  @Override
  public long pending() {
    long mine = pipe.consumed();
    long word = pipe.written();
    return has(word, DROPPED) ? 0 : count(word) - count(mine);
  }

  @Override
  public long dropped() {
    // Both words stand still once they are marked.
    long word = pipe.written();
    return has(word, DROPPED) ? count(word) - count(pipe.consumed()) : 0;
  }

  @Override
  public long reads() {
    return has(pipe.written(), DROPPED) ? Long.MAX_VALUE : pipe.readCount();
  }

  @Override
  public void close() {
    end();
  }
}
