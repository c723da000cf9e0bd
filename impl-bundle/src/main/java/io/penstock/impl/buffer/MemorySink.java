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
   * How many bytes of a large write go through the ring. They tell the reader that there is
   * something, and keep two offers from beginning at one place.
   */
  private static final int FRONT = 512;

  private static final int LARGE = FRONT + 16 * 1024;

  /** With more than so many bytes in front of it, an offer would be reached late. */
  private static final int MOST_IN_FRONT = 16 * 1024;

  /** So many bytes tell how long copying takes. */
  private static final int TELLING = 8 * 1024;

  private static final int LOOKS_IN_VAIN = 40;
  private static final int PAUSES_A_LOOK = 8;
  private static final long LEAST_WAIT_NANOS = 3_000;

  /** Made for the first large write. */
  private @Nullable Gauge gauge;

  /** Made when the ring is as large as it becomes without a flood. */
  private @Nullable Flood flood;

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
    Gauge learning = want >= LARGE && want <= pipe.offersMost && src.hasArray() ? gauge() : null;
    Gauge offering = learning != null && learning.offers() ? learning : null;
    Gauge copying = offering == null ? learning : null;
    long began = copying == null ? 0 : System.nanoTime();
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
      n = Math.min(n, offering == null ? pipe.piece : FRONT);
      long next = copyIn(word, src, n);
      if (next != word) {
        moved += n;
        want -= n;
        word = next;
        if (offering != null) {
          int taken = offerNow(src, offering);
          offering = null;
          moved += taken;
          want -= taken;
          word = pipe.writtenByMe();
          if (want == 0) {
            break;
          }
        }
        continue;
      }
      word = pipe.written();
    }
    if (copying != null && moved >= TELLING) {
      copying.copied(moved, System.nanoTime() - began);
    }
    if (moved > 0) {
      pipe.sourceReady.run();
      noteWrite(word);
    }
    return moved;
  }

  private Gauge gauge() {
    Gauge present = gauge;
    if (present == null) {
      present = new Gauge();
      gauge = present;
    }
    return present;
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
      Ring ring = pipe.writing;
      if (ring != null && has(word, TRIMMED)) {
        // The trim may have seen the ring before this one.
        pipe.letGo(ring);
        ring = null;
      }
      int space = ring == null ? 0 : ring.size() - inRing(Math.max(seen, pipe.copied()));
      if (ring == null || space <= 0 || (space < most && ring.size() < pipe.largest)) {
        int size = Math.max(powerOfTwo(most), ring == null ? FIRST_RING : 4 * ring.size());
        ring = nextRing(word, Math.min(size, pipe.largest), ring);
        space = ring.size();
      } else if (ring.size() >= pipe.largest) {
        int size = rightSize(ring);
        if (size != ring.size()) {
          ring = nextRing(word, size, ring);
          space = size;
        }
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

  private Ring nextRing(long word, int size, @Nullable Ring present) {
    Ring ring = new Ring(size, pipe.direct);
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

  /** How large the ring should be that follows one as large as the capacity or larger. */
  private int rightSize(Ring present) {
    if (pipe.flooded == pipe.largest) {
      return present.size();
    }
    Flood stream = flood;
    if (stream == null) {
      stream = new Flood(MemoryPipe.FLOODS);
      flood = stream;
    }
    if (stream.isDue(pipe.ringWritten)) {
      stream.passed(pipe.ringWritten, pipe.writeCount(), System.nanoTime());
    }
    // A larger ring counts already, and must not keep others from their memory.
    int more = present.size() == pipe.largest ? pipe.flooded : 0;
    if (stream.lasts() && !pipe.isAmple(more)) {
      // Memory that comes and goes must not have a ring made each time.
      stream.stop();
    }
    return stream.lasts() ? pipe.flooded : pipe.largest;
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

  /**
   * Offers the rest of a large write for about as long as its copy would take: its bytes then go to
   * the other core once, in place of through the ring.
   *
   * @return how many bytes were taken
   */
  private int offerNow(ByteBuffer src, Gauge large) {
    long front = count(pipe.writtenByMe()) - count(pipe.consumed());
    if (front > MOST_IN_FRONT) {
      return 0;
    }
    offer(src);
    Offer offered = pipe.offer;
    if (offered == null || !offered.isMade()) {
      return 0;
    }
    int size = src.remaining();
    long took = -1;
    int taken;
    try {
      pipe.sourceReady.run();
      took = awaitReader(offered, LEAST_WAIT_NANOS + 2 * large.copying(front + size));
    } finally {
      taken = takeBack(src);
      large.offered(size, taken == size, took);
    }
    // Its line is here by now.
    pipe.consumedSeen = count(pipe.consumed());
    return taken;
  }

  /**
   * Looks until the reader has taken all, or does nothing for a moment.
   *
   * @param limit in nanoseconds
   * @return how many nanoseconds the reader took for what is offered; -1 if not all was taken
   */
  private long awaitReader(Offer offered, long limit) {
    long began = System.nanoTime();
    long reached = began;
    boolean there = false;
    long seen = -1;
    for (int idle = 0; idle < LOOKS_IN_VAIN; ) {
      for (int i = 0; i < PAUSES_A_LOOK; i++) {
        Thread.onSpinWait();
      }
      long consumed = count(pipe.consumed());
      long word = pipe.written();
      long now = System.nanoTime();
      if (!there && consumed >= offered.start()) {
        there = true;
        reached = now;
      }
      if (count(word) == offered.end()) {
        return now - reached;
      }
      if (has(word, REFUSED) || now - began >= limit) {
        break;
      }
      // One of both rises while the reader is at work.
      long progress = count(word) + consumed;
      idle = progress == seen ? idle + 1 : 0;
      seen = progress;
    }
    return -1;
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
