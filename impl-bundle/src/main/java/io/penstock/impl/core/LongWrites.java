// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.core;

import io.penstock.error.WouldBlockException;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Objects;

/** Writes of several buffers: as much as there is room for, or all of them. */
final class LongWrites {
  private LongWrites() {}

  /** As {@link SinkEnd#write(ByteBuffer[], int, int)}. */
  static long gather(SinkEnd sink, ByteBuffer[] srcs, int offset, int length) throws IOException {
    Objects.checkFromIndexSize(offset, length, srcs.length);
    int first = offset;
    while (first < offset + length && !srcs[first].hasRemaining()) {
      first++;
    }
    if (sink.nothing(first == offset + length)) {
      return 0;
    }
    sink.checkSink(false);
    Limit limit = sink.begin(null);
    if (limit == null) {
      return 0;
    }
    try {
      long total = 0;
      for (int i = first; i < offset + length; i++) {
        while (srcs[i].hasRemaining()) {
          int n;
          try {
            n = sink.tryWrite(srcs[i], limit.hasWaited());
          } catch (IOException e) {
            if (total > 0) {
              return total;
            }
            throw e;
          }
          total += n;
          if (n == 0) {
            int taken = total > 0 ? -1 : sink.awaitRoom(limit, srcs[i], 0);
            if (taken < 0) {
              return total;
            }
            total += taken;
          }
        }
      }
      return total;
    } finally {
      sink.exit();
    }
  }

  /** As {@link SinkEnd#writeFully(ByteBuffer[], Wait)}. */
  static void all(SinkEnd sink, ByteBuffer[] parts, Wait wait) throws IOException {
    long left = 0;
    for (ByteBuffer part : parts) {
      left += part.remaining();
    }
    if (sink.nothing(left == 0)) {
      return;
    }
    sink.checkSink(false);
    Limit limit = sink.begin(wait);
    if (limit == null) {
      throw new WouldBlockException(sink.name(), "no room for any of " + left + " bytes", 0);
    }
    try {
      long total = 0;
      for (ByteBuffer part : parts) {
        while (part.hasRemaining()) {
          int n = sink.tryWrite(part, limit.hasWaited());
          if (n == 0) {
            n = sink.awaitRoom(limit, part, total);
          }
          if (n > 0) {
            total += n;
            limit.progress();
          } else if (n < 0) {
            throw new WouldBlockException(
                sink.name(), "room for only " + total + " of " + left + " bytes", total);
          }
        }
      }
    } finally {
      sink.exit();
    }
  }
}
