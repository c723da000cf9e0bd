// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.buffer;

import static io.penstock.impl.buffer.Cursors.COUNT;
import static io.penstock.impl.buffer.Cursors.DROPPED;
import static io.penstock.impl.buffer.Cursors.ENDED;
import static io.penstock.impl.buffer.Cursors.FAILED;
import static io.penstock.impl.buffer.Cursors.OFFERED;
import static io.penstock.impl.buffer.Cursors.RECOUNT;
import static io.penstock.impl.buffer.MemoryPipe.AHEAD;
import static io.penstock.impl.buffer.MemoryPipe.SMALL;
import static io.penstock.impl.buffer.MemoryPipe.buffer;
import static io.penstock.impl.buffer.MemoryPipe.count;
import static io.penstock.impl.buffer.MemoryPipe.has;

import io.penstock.error.StreamClosedException;
import io.penstock.impl.engine.Faults;
import io.penstock.spi.SegmentSource;
import java.io.IOException;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** The readable half of a {@link MemoryPipe}: for one reader at a time. */
final class MemorySource implements SegmentSource, Paced, Holding {
  private final MemoryPipe pipe;

  MemorySource(MemoryPipe pipe) {
    this.pipe = pipe;
  }

  /** How far was read, be it delivered or not. */
  private long reached() {
    return Math.max(count(pipe.consumed()), pipe.copied());
  }

  @Override
  public boolean ready() {
    long word = pipe.written();
    return has(word, ENDED | FAILED) || count(word) != reached();
  }

  @Override
  public void onReady(Runnable ready) {
    pipe.sourceReady = ready;
  }

  @Override
  public boolean ended() {
    long word = pipe.written();
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
    pipe.countRead();
    int moved = 0;
    int want = dst.remaining();
    while (want > 0) {
      long word = pipe.consumedByMe();
      int n =
          (int) Math.min(pipe.run < want ? look(count(word) + pipe.held, want) : pipe.run, want);
      if (has(word, DROPPED)) {
        break;
      }
      n = Math.min(n, pipe.piece);
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
        pipe.setFreed(pipe.freed() + n);
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
    pipe.setFreed(pipe.freed() + n);
    VarHandle.fullFence();
    pipe.sinkReady.run();
  }

  @Override
  public boolean deliver(int n) {
    // In this order, so that the writer never sees the same room twice.
    pipe.setFreed(0);
    pipe.held -= n;
    long word = pipe.consumedByMe();
    if (has(word, DROPPED) || !pipe.publishConsumed(word, word + n)) {
      return false;
    }
    afterRead();
    return true;
  }

  @Override
  public void keep() {
    if (pipe.freed() > 0) {
      pipe.setFreed(0);
      pipe.markWritten(RECOUNT);
    }
  }

  /** Publishes that bytes were copied. False if another thread has changed the word since. */
  private boolean publish(long word, int n, boolean holds) {
    if (!holds) {
      return pipe.publishConsumed(word, word + n);
    }
    pipe.held += n;
    pipe.setCopied(count(word) + pipe.held);
    return true;
  }

  @Override
  public long cached() {
    return pipe.writtenSeen - count(pipe.consumedByMe()) - pipe.held;
  }

  @Override
  public void fetchNext() {
    Ring ring = pipe.reading;
    if (ring != null && pipe.given == null) {
      pipe.foreseen = ring.at(pipe.ringRead);
    }
  }

  /** Nothing was there to read: finds out why. */
  private int nothing(ByteBuffer dst, boolean holds, boolean frees) throws IOException {
    long word = pipe.written();
    long mine = pipe.consumed();
    if (has(mine, DROPPED)) {
      throw new StreamClosedException(pipe.name);
    }
    if (count(word) != count(mine) + pipe.held) {
      // It came after the look.
      return move(dst, holds, frees);
    }
    tried();
    Throwable cause = pipe.failure;
    if (has(word, FAILED) && cause != null) {
      throw Faults.kept(cause);
    }
    return has(word, ENDED) ? -1 : 0;
  }

  /** A reader was here in vain, which a writer may wait for. */
  private void tried() {
    Slots queue = pipe.slots;
    if (queue != null) {
      // It may not come back for long.
      queue.forget();
    }
    // That must be visible before the look for a thread that waits for it.
    VarHandle.fullFence();
    pipe.sinkReady.run();
  }

  /** Copies from the present run. False if the source was closed meanwhile. */
  private boolean copyOut(long word, ByteBuffer dst, int n, boolean holds) {
    int from = dst.position();
    Object item = pipe.given;
    Ring ring = pipe.reading;
    if (n <= SMALL
        && n < pipe.run
        && item == null
        && ring != null
        && pipe.ringRead + n > pipe.fetched) {
      int ahead = (int) Math.min(pipe.run, AHEAD);
      ring.fetch(pipe.ringRead, ahead);
      pipe.fetched = pipe.ringRead + ahead;
    }
    if (item != null) {
      ByteBuffer data = buffer(item);
      dst.put(from, data, data.position() + pipe.givenAt, n).position(from + n);
      pipe.addGivenConsumed(n);
    } else if (ring == null || !ring.get(pipe.ringRead, dst, n)) {
      dst.position(from);
      return false;
    }
    if (!publish(word, n, holds)) {
      dst.position(from);
      pipe.checkAlone(pipe.consumed(), word, "reader");
      return false;
    }
    advance(n);
    return true;
  }

  /**
   * Takes a piece of what a waiting writer offers, when everything before it was read. It is copied
   * first; what makes it part of the stream is the change of the writer's word, which fails if the
   * offer was withdrawn meanwhile, because no two offers are made at one place.
   */
  private int takeOffered(long mine, ByteBuffer dst, int want, boolean holds) {
    long word = pipe.written();
    if ((word & ~COUNT) != OFFERED || count(word) != count(mine) + pipe.held) {
      return 0;
    }
    Offer offered = pipe.offer;
    int n = offered == null ? 0 : offered.copy(count(word), dst, Math.min(want, pipe.piece));
    if (n > 0 && pipe.publishWritten(word, word + n)) {
      pipe.writtenSeen = count(word) + n;
      pipe.addGivenConsumed(n);
      if (publish(mine, n, holds)) {
        dst.position(dst.position() + n);
        return n;
      }
    }
    return 0;
  }

  /** Goes on behind bytes that were consumed. */
  private void advance(int n) {
    pipe.run -= n;
    Object item = pipe.given;
    if (item == null) {
      pipe.ringRead += n;
      return;
    }
    pipe.givenAt += n;
    if (pipe.run == 0) {
      pipe.given = null;
      Slots queue = pipe.slots;
      if (queue != null) {
        queue.remove();
      }
      pipe.release(item);
    }
  }

  /** Looks how much there is in one run, which is 0 when there is nothing now. */
  private long look(long at, int want) {
    if (pipe.writtenSeen - at < want) {
      pipe.writtenSeen = count(pipe.written());
      pipe.highWaterRead = Math.max(pipe.highWaterRead, pipe.writtenSeen - at);
    }
    long upTo = pipe.writtenSeen;
    Slots queue = pipe.slots;
    while (pipe.given == null && queue != null && at < upTo) {
      Object first = queue.first();
      if (first == null) {
        break;
      }
      // Before the first ring, one entry follows the other: it need not be asked where it stands.
      long start = pipe.reading == null ? at : queue.firstStart();
      if (start > at) {
        upTo = Math.min(upTo, start);
        break;
      }
      if (first instanceof Ring ring) {
        pipe.letGo(pipe.reading);
        pipe.reading = ring;
        pipe.ringRead = 0;
        pipe.fetched = 0;
        queue.remove();
      } else {
        pipe.given = first;
        pipe.givenAt = 0;
      }
    }
    Object item = pipe.given;
    pipe.run = item == null ? upTo - at : buffer(item).remaining() - pipe.givenAt;
    return pipe.run;
  }

  private void afterRead() {
    pipe.sinkReady.run();
    if (cached() == 0) {
      pipe.caughtUp();
    }
  }

  @Override
  public int segment() {
    boolean there = pipe.run > 0 || look(count(pipe.consumedByMe()) + pipe.held, 1) > 0;
    return there && pipe.given instanceof ByteBuffer ? (int) pipe.run : 0;
  }

  @Override
  public @Nullable ByteBuffer take(int max) {
    pipe.countRead();
    long word = pipe.consumedByMe();
    int n = (int) Math.min(pipe.run == 0 ? look(count(word) + pipe.held, 1) : pipe.run, max);
    if (n == 0 || has(word, DROPPED)) {
      tried();
      return null;
    }
    Object item = pipe.given;
    ByteBuffer taken;
    if (item instanceof ByteBuffer whole && n == whole.remaining()) {
      taken = whole;
    } else if (item instanceof ByteBuffer part) {
      taken = part.slice(part.position() + pipe.givenAt, n);
    } else {
      taken = ByteBuffer.allocate(n);
      return copyOut(word, taken, n, false) ? passOn(taken.flip()) : null;
    }
    pipe.addGivenConsumed(n);
    if (!pipe.publishConsumed(word, word + n)) {
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
    pipe.countRead();
    long word = pipe.consumedByMe();
    int n = (int) Math.min(pipe.run == 0 ? look(count(word) + pipe.held, 1) : pipe.run, max);
    // A close drops entries, behind which the look may have found one that comes later.
    if (n == 0 || has(pipe.consumedByMe(), DROPPED)) {
      tried();
      return null;
    }
    Object item = pipe.given;
    Ring ring = pipe.reading;
    if (item != null) {
      ByteBuffer data = buffer(item);
      return data.slice(data.position() + pipe.givenAt, n).asReadOnlyBuffer();
    }
    return ring == null ? null : ring.view(pipe.ringRead, n);
  }

  @Override
  public void unlend(int n) {
    if (n > 0) {
      if (pipe.given != null) {
        pipe.addGivenConsumed(n);
      }
      long word = pipe.consumedByMe();
      if (!has(word, DROPPED) && pipe.publishConsumed(word, word + n)) {
        advance(n);
      }
    }
    VarHandle.fullFence();
    afterRead();
  }

  @Override
  public long available() {
    // In this order, so that it is never less than nothing.
    long mine = pipe.consumed();
    return has(mine, DROPPED) ? 0 : count(pipe.written()) - count(mine);
  }

  @Override
  public long capacity() {
    return pipe.capacity;
  }

  @Override
  public long dropped() {
    return pipe.sink().dropped();
  }

  @Override
  public void close() {
    if (has(pipe.markConsumed(DROPPED), DROPPED)) {
      return;
    }
    long word = pipe.markWritten(DROPPED);
    Slots queue = pipe.slots;
    if (queue != null) {
      queue.drop(count(word), pipe::release);
    }
    pipe.letGo(pipe.writing);
    pipe.letGo(pipe.reading);
    pipe.sinkReady.run();
  }
}
