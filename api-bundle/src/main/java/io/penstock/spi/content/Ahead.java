// SPDX-License-Identifier: Apache-2.0
package io.penstock.spi.content;

import io.penstock.error.StorageException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ProviderType;

/**
 * What a reader finds in memory: records without a gap, from the reader's place on. Not safe for
 * use by several threads: the place guards it.
 */
@ProviderType
public final class Ahead {
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
  public Ahead(int most, long position) {
    this.most = most;
    moveTo(position);
  }

  /**
   * Forgets everything, and goes on elsewhere.
   *
   * @param position where
   */
  public void moveTo(long position) {
    blocks.clear();
    bytes = 0;
    next = position;
    end = position;
    failure = null;
  }

  /**
   * Where the next record is wanted.
   *
   * @return its position
   */
  public long end() {
    return end;
  }

  /**
   * How much is in memory.
   *
   * @return in bytes
   */
  public long bytes() {
    return bytes;
  }

  /**
   * Whether more should be fetched, if there is more.
   *
   * @return true if half of what may be kept is free
   */
  public boolean wants() {
    return bytes <= most / 2 && failure == null;
  }

  /**
   * Takes a record that comes just where it is wanted; others are fetched later.
   *
   * @param block with the byte at {@link #end}, or else it is not taken
   */
  public void offer(Block block) {
    if (block.position() <= end && block.end() > end && bytes < most && failure == null) {
      blocks.add(block);
      bytes += block.weight();
      end = block.end();
    }
  }

  /**
   * What comes at {@link #end()} cannot be read.
   *
   * @param why what the reader is told there
   */
  public void fail(StorageException why) {
    failure = why;
  }

  /**
   * Whether a read would not come back with nothing.
   *
   * @param position of the read; one before {@link #next()} stands for that, because the reader has
   *     not noted yet what it has just got
   * @return the level
   */
  public boolean has(long position) {
    return position <= next && (end > next || failure != null);
  }

  /**
   * Reads what is there, from the reader's place on.
   *
   * @param dst where the bytes go
   * @param limit no byte from this position on is read
   * @return how many bytes; 0 if there are none yet
   * @throws StorageException if the next byte cannot be read
   */
  public int read(ByteBuffer dst, long limit) throws StorageException {
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
    StorageException why = failure;
    if (moved == 0 && next == end && why != null) {
      throw why;
    }
    return moved;
  }

  /**
   * Where the reader is.
   *
   * @return the position of the next byte
   */
  public long next() {
    return next;
  }
}
