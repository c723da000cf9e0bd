// SPDX-License-Identifier: Apache-2.0
package io.penstock.durable.impl;

import io.penstock.error.StorageException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/**
 * What a reader finds in memory: records without a gap, from the reader's place on. Guarded by the
 * lock of the state.
 */
final class Ahead {
  private final Deque<Block> blocks = new ArrayDeque<>();
  private final int most;
  private long bytes;
  private long next;
  private long end;
  private @Nullable StorageException failure;

  /**
   * Nothing is there.
   *
   * @param most how many bytes are kept
   * @param position where the reader begins
   */
  Ahead(int most, long position) {
    this.most = most;
    moveTo(position);
  }

  /** Forgets everything, and goes on elsewhere. */
  void moveTo(long position) {
    blocks.clear();
    bytes = 0;
    next = position;
    end = position;
    failure = null;
  }

  /** Where the next record is wanted. */
  long end() {
    return end;
  }

  /** Whether more should be fetched, if there is more. */
  boolean wants() {
    return bytes <= most / 2 && failure == null;
  }

  /** Takes a record that comes just where it is wanted; others are fetched later. */
  void offer(Block block) {
    if (block.position() <= end && block.end() > end && bytes < most && failure == null) {
      blocks.add(block);
      bytes += block.weight();
      end = block.end();
    }
  }

  /** What comes at {@link #end()} cannot be read. */
  void fail(StorageException why) {
    failure = why;
  }

  /** Whether a read would not come back with nothing. */
  boolean has(long position) {
    return position == next && (end > position || failure != null);
  }

  /** Why nothing can be read at a position; null if that is not known. */
  @Nullable StorageException failure(long position) {
    return position == end ? failure : null;
  }

  /** Reads what is there, from the reader's place on. */
  int read(ByteBuffer dst, long limit) {
    int moved = 0;
    while (dst.hasRemaining() && next < Math.min(limit, end)) {
      Block first = blocks.element();
      int from = (int) (next - first.position());
      int n = (int) Math.min(Math.min(first.length() - from, dst.remaining()), limit - next);
      first.copy(from, dst, n);
      next += n;
      moved += n;
      if (next == first.end()) {
        Block done = blocks.remove();
        bytes -= done.weight();
      }
    }
    return moved;
  }

  long next() {
    return next;
  }
}
