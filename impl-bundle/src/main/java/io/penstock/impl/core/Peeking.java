// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.core;

import io.penstock.spi.SegmentSource;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** Looks at what a source has, and takes nothing. */
public final class Peeking {
  private static final ByteBuffer EMPTY = ByteBuffer.allocate(0);

  private Peeking() {}

  /**
   * Copies the next bytes, also of a source that an operator holds. Of two callers at once one may
   * be refused.
   *
   * @param max the most bytes, 1 or more
   * @return empty if there are none now
   * @throws IOException if a call is reading, or may be, or if the source is closed or has failed
   */
  public static ByteBuffer peek(SourceEnd source, int max) throws IOException {
    if (source.isAlone()) {
      throw new IOException(
          source.name() + ": cannot be looked at, because it was declared to have one reader only");
    }
    Turn.Place operators = source.borrowHold();
    if (operators == null && !source.tryEnter()) {
      source.check(false);
      if (source.buffered() == 0) {
        return EMPTY.duplicate();
      }
      throw new IOException(source.name() + ": a call is reading just now; pause it, or try again");
    }
    source.beginLending();
    try {
      source.check(false);
      return look(source, max);
    } finally {
      source.endLending();
      if (operators == null) {
        source.exit();
      } else {
        source.returnHold(operators);
      }
    }
  }

  private static ByteBuffer look(SourceEnd source, int max) throws IOException {
    if (!source.hasBack() && source.driver() instanceof SegmentSource segments) {
      ByteBuffer lying = whereItLies(segments, max);
      if (lying != null && lying.remaining() >= Math.min(max, source.available())) {
        return lying;
      }
      if (lying == null && !segments.ready()) {
        return EMPTY.duplicate();
      }
    }
    if (source.driver() == null && !source.hasBack()) {
      return EMPTY.duplicate();
    }
    long size = Math.min(max, Math.max(DrivenSource.PEEK, source.buffered()));
    ByteBuffer ahead = ByteBuffer.allocate((int) size);
    LongRead look = new LongRead(false);
    int unused = source.tryRead(ahead, false, look);
    ahead.flip();
    ByteBuffer copy = copy(ahead);
    source.endLook(look, ahead);
    return copy;
  }

  private static @Nullable ByteBuffer whereItLies(SegmentSource segments, int max) {
    ByteBuffer run = segments.lend(max);
    if (run == null) {
      return null;
    }
    try {
      return copy(run);
    } finally {
      segments.unlend(0);
    }
  }

  private static ByteBuffer copy(ByteBuffer bytes) {
    return ByteBuffer.allocate(bytes.remaining()).put(bytes.duplicate()).flip();
  }
}
