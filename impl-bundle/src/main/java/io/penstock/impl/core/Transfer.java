// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.core;

import io.penstock.error.StreamTimeoutException;
import io.penstock.stream.ByteSink;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** Moves what a source has to a sink. What the sink does not take goes back in front. */
final class Transfer {
  private Transfer() {}

  /** As {@link SourceEnd#transferTo}, with the turn. */
  static long move(SourceEnd source, ByteSink sink, long max, Limit limit) throws IOException {
    long moved = 0;
    while (moved < max) {
      // It may go on for as long as the stream does, and an operator's pause must not wait for
      // that.
      if (source.isHeld()) {
        if (!source.await(limit, moved, () -> !source.isHeld())) {
          return moved;
        }
        continue;
      }
      ByteBuffer run;
      LongRead by = new LongRead(false);
      try {
        run = tryHold(source, (int) Math.min(max - moved, SourceEnd.CHUNK), limit.hasWaited(), by);
      } catch (IOException e) {
        if (moved > 0) {
          return moved;
        }
        throw e;
      }
      if (run == null) {
        return moved > 0 ? moved : -1;
      }
      if (!run.hasRemaining()) {
        if ((moved > 0 && limit.none()) || !source.await(limit, moved)) {
          return moved;
        }
        continue;
      }
      int start = run.position();
      boolean stop;
      try {
        stop = pass(source, run, sink, limit);
      } catch (StreamTimeoutException e) {
        // The sink cannot know what had been moved before.
        moved += run.position() - start;
        StreamTimeoutException all =
            new StreamTimeoutException(
                e.stream(), "no room in time after " + moved + " bytes were moved", moved);
        all.initCause(e.getCause());
        throw all;
      } catch (IOException e) {
        moved += run.position() - start;
        if (moved > 0) {
          return moved;
        }
        throw e;
      } finally {
        // Moved even if a close has counted them as dropped meanwhile.
        boolean unused = source.deliver(by, run.position() - start);
        source.giveBack(by, run);
      }
      moved += run.position() - start;
      limit.progress();
      if (stop) {
        return moved;
      }
    }
    return moved;
  }

  /** The next run, which may come back; empty for nothing now; null at the end. */
  private static @Nullable ByteBuffer tryHold(
      SourceEnd source, int max, boolean waited, LongRead by) throws IOException {
    if (source.holding() == null) {
      ByteBuffer run = source.tryTake(max, waited);
      by.loose = run == null ? 0 : run.remaining();
      return run;
    }
    ByteBuffer copy =
        ByteBuffer.allocate((int) Math.min(max, Math.max(SourceEnd.SMALL, source.available())));
    return source.tryRead(copy, waited, by) < 0 ? null : copy.flip();
  }

  /** Writes a run; true when told not to wait and the sink has no more room. */
  private static boolean pass(SourceEnd source, ByteBuffer run, ByteSink sink, Limit limit)
      throws IOException {
    source.passes(true);
    try {
      while (run.hasRemaining()) {
        int n = sink.write(run, limit.rest());
        if (n == 0) {
          return true;
        }
        limit.progress();
      }
      return false;
    } finally {
      source.passes(false);
    }
  }
}
