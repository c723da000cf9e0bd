// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.relay;

import io.penstock.channel.facet.BufferFacet;
import io.penstock.impl.core.SinkEnd;
import io.penstock.impl.core.Splicing;
import io.penstock.spi.Messages;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;

/**
 * Has the system keep more for a sink, step by step, while a flood fills what it keeps over and
 * over. Whoever writes then gives way to the reader less often. One task at a time uses it, and
 * anyone may ask for the size.
 */
final class SendBuffer {
  private static final System.Logger LOG = Messages.log("relay");

  /** How much has to go across from one look to the next. */
  private static final long LOOK = 4 << 20;

  /** A reader that needs longer for that is slow by itself, and a larger buffer only lags more. */
  private static final long FLOOD_NANOS = TimeUnit.SECONDS.toNanos(1);

  /** So often at least the buffer has to fill up: once in as many bytes as this many times it. */
  private static final long OFTEN = 4;

  private final SinkEnd sink;
  private final int most;
  private final LongAdder grown;

  private long bytes;
  private long fills;
  private long since;

  /** Whether there is nothing more to get. */
  private boolean done;

  private volatile int size;

  /**
   * Begins with what the system gives.
   *
   * @param most bytes, which it never goes beyond; 0 to leave it as it is
   * @param grown is told of each step
   */
  SendBuffer(SinkEnd sink, int most, LongAdder grown, long now) {
    this.sink = sink;
    this.most = most;
    this.grown = grown;
    this.since = now;
    this.done = most == 0;
  }

  /** What it never goes beyond, in bytes; 0 for leaving it as it is. */
  int most() {
    return most;
  }

  /** What was got at the last step, in bytes; 0 if there was none. */
  int size() {
    return size;
  }

  /** Whether the sink takes large pieces whole: it has grown, or the system fits it by itself. */
  boolean takesWhole() {
    return size > 0 || Splicing.growable(sink) == null;
  }

  /** The sink took less than there was for it. */
  void filled() {
    fills++;
  }

  /** Bytes went across. */
  void moved(int n, long now) {
    if (done) {
      return;
    }
    bytes += n;
    if (bytes < LOOK) {
      return;
    }
    if (fills > 0 && now - since < FLOOD_NANOS) {
      look();
    }
    bytes = 0;
    fills = 0;
    since = now;
  }

  private void look() {
    try {
      BufferFacet buffers = Splicing.growable(sink);
      if (buffers != null) {
        grow(buffers);
      }
    } catch (IOException e) {
      done = true;
      LOG.log(Level.DEBUG, "the send buffer stays as it is", e);
    }
  }

  private void grow(BufferFacet buffers) throws IOException {
    int before = buffers.sendBuffer();
    if (before >= most) {
      done = true;
    } else if (fills * OFTEN * before >= bytes) {
      int wanted = (int) Math.min(2L * before, most);
      int got = buffers.sendBuffer(wanted);
      // The system has a bound of its own, and gives that without a word.
      done = got < wanted || got >= most;
      if (got > before) {
        size = got;
        grown.increment();
      }
    }
  }
}
