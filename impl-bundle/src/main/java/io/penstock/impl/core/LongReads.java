// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.core;

import io.penstock.error.BufferFullException;
import io.penstock.error.EndOfStreamException;
import io.penstock.error.WouldBlockException;
import io.penstock.spi.SourceDriver;
import io.penstock.stream.ByteSequence;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Reads that are whole or nothing: what they have gathered goes back in front of the source unless
 * all of it has come.
 */
final class LongReads {
  private LongReads() {}

  /** As {@link SourceEnd#readFully}. */
  static void fill(SourceEnd source, ByteBuffer dst, Wait wait) throws IOException {
    Objects.requireNonNull(wait, "wait");
    if (!dst.hasRemaining()) {
      if (source.isClosed()) {
        throw source.closedFault(false);
      }
      return;
    }
    Limit limit = source.begin(wait);
    if (limit == null) {
      throw new WouldBlockException(source.name(), "another reader has the turn", 0);
    }
    int start = dst.position();
    boolean whole = false;
    LongRead by = new LongRead(true);
    try {
      if (source.holding() != null && !source.hasBack() && source.available() >= dst.remaining()) {
        // Nothing will have to come back.
        by.loose = source.tryRead(dst, limit.hasWaited());
      }
      while (dst.hasRemaining()) {
        int n = source.tryRead(dst, limit.hasWaited(), by);
        int got = dst.position() - start;
        if (n < 0) {
          throw new EndOfStreamException(
              source.name(), "ended after " + got + " of " + (dst.limit() - start) + " bytes", got);
        }
        if (n > 0) {
          limit.progress();
          if (dst.hasRemaining()) {
            awaitRelease(source, limit, dst.position() - start);
          }
        } else if (!source.await(limit, got)) {
          throw new WouldBlockException(
              source.name(),
              "only " + got + " of " + (dst.limit() - start) + " bytes are there",
              got);
        }
      }
      if (!source.deliver(by, dst.position() - start)) {
        throw source.closedFault(limit.hasWaited());
      }
      whole = true;
    } finally {
      if (!whole) {
        int got = dst.position() - start;
        source.giveBack(by, ByteBuffer.allocate(got).put(dst.slice(start, got)).flip());
        dst.position(start);
      }
      source.exit();
    }
  }

  /**
   * It may go on for as long as the stream does, and an operator's pause must not wait for that.
   */
  private static void awaitRelease(SourceEnd source, Limit limit, long got) throws IOException {
    boolean waits = true;
    while (waits && source.isHeld()) {
      waits = source.await(limit, got, () -> !source.isHeld());
    }
  }

  /** Gathers all up to the end of the stream. */
  static ByteBuffer gatherAll(SourceEnd source, long limit, Wait wait, Gather.Finish finish)
      throws IOException {
    if (limit < 0) {
      throw new IllegalArgumentException("the limit is " + limit + ", expected 0 or more");
    }
    int max = (int) Math.min(limit, Integer.MAX_VALUE - 8);
    ByteBuffer all = gather(source, null, max, Objects.requireNonNull(wait, "wait"), finish);
    return Objects.requireNonNull(all, "everything");
  }

  /** Gathers up to a delimiter, or without one up to the end of the stream. */
  static @Nullable ByteBuffer gather(
      SourceEnd source, @Nullable ByteSequence delimiter, int max, Wait wait, Gather.Finish finish)
      throws IOException {
    Limit limit = source.begin(wait);
    if (limit == null) {
      throw new WouldBlockException(source.name(), "another reader has the turn", 0);
    }
    Gather gather = new Gather(delimiter == null);
    try {
      while (true) {
        int match = delimiter == null ? -1 : gather.find(delimiter, max);
        if (match >= 0) {
          return delivered(source, gather, finish.finish(gather, match, false), limit);
        }
        if (gather.size() > 0) {
          awaitRelease(source, limit, gather.size());
        }
        SourceDriver current = source.driver();
        long capacity = delimiter == null || current == null ? Long.MAX_VALUE : current.capacity();
        boolean full =
            gather.size() >= max || (gather.size() >= capacity && isLast(source, gather));
        // A last part that just fits is whole: the end comes next, and not more.
        if (full && delimiter != null && (current == null || !current.ended())) {
          throw new BufferFullException(
              source.name(),
              "no delimiter within "
                  + gather.size()
                  + " bytes, "
                  + (gather.size() >= max ? "the limit" : "all that the capacity allows"),
              gather.size());
        }
        // One byte more than allowed tells too much from just enough.
        long ask =
            full
                ? 1
                : Math.min(max - gather.size(), Math.max(DrivenSource.PEEK, source.available()));
        ByteBuffer space = gather.space((int) Math.min(ask, SourceEnd.CHUNK));
        int n = source.tryRead(space, limit.hasWaited(), gather);
        if (n > 0) {
          gather.added(n);
          limit.progress();
          if (full) {
            throw new BufferFullException(
                source.name(),
                "there are more than " + (gather.size() - 1) + " bytes",
                gather.size());
          }
        } else if (n < 0) {
          return delivered(source, gather, finish.finish(gather, gather.size(), true), limit);
        } else if (!source.await(limit, gather.size())) {
          throw new WouldBlockException(
              source.name(), "only " + gather.size() + " bytes are there", gather.size());
        }
      }
    } finally {
      source.giveBack(gather, gather.rest());
      source.exit();
    }
  }

  /** Whether nothing is buffered behind what was gathered. */
  private static boolean isLast(SourceEnd source, Gather gather) {
    return source.available() == (source.holding() == null ? 0 : gather.size() - gather.loose);
  }

  /** Delivers what was taken out of what was gathered. */
  private static @Nullable ByteBuffer delivered(
      SourceEnd source, Gather gather, @Nullable ByteBuffer result, Limit limit)
      throws IOException {
    if (!source.deliver(gather, gather.taken())) {
      gather.take(0);
      throw source.closedFault(limit.hasWaited());
    }
    return result;
  }
}
