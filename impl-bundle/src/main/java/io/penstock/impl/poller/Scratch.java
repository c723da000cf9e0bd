// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.poller;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * What one poller's sources share instead of each having its own: the buffer that is read into,
 * what frames are lent in, and the lock over what was read. Used by the polling thread, except
 * where said.
 */
final class Scratch {
  /** How much is read at once, in bytes. */
  static final int SIZE = 64 * 1024;

  /** How much is read from one source, in bytes, before the others have their turn. */
  static final int SHARE = 4 * SIZE;

  /** Frames up to so many bytes are copied: cheaper than to look for a view of each. */
  private static final int SHORT = 1024;

  /** Guards every {@link Backlog} against threads that unregister meanwhile. */
  final ReentrantLock lock = new ReentrantLock();

  /** Signalled when bytes were given back. */
  final Condition settled = lock.newCondition();

  // Direct, because a handler often writes it on, and the JDK would copy another one for that.
  private final ByteBuffer lent = ByteBuffer.allocateDirect(SHORT);
  private final ByteBuffer lentView = lent.asReadOnlyBuffer();
  private @Nullable Room shared;

  // Where longer frames have begun of late. Those of one size, and all that comes at once, begin at
  // the same places over and over, and a new view of each would be garbage.
  private final @Nullable ByteBuffer[] views = new ByteBuffer[SIZE / SHORT];
  private final int[] begins = new int[SIZE / SHORT];

  // The source that has bytes in it.
  private @Nullable Backlog holder;

  // The backlog of the last source that had delivered all.
  private @Nullable Backlog spare;

  /**
   * A buffer.
   *
   * @param view the same bytes, read-only and with a position and a limit of its own
   */
  record Room(ByteBuffer bytes, ByteBuffer view) {
    static Room of(ByteBuffer bytes) {
      return new Room(bytes, bytes.asReadOnlyBuffer());
    }
  }

  /** The buffer that is read into; it exists from the first read. */
  Room shared() {
    Room present = shared;
    if (present == null) {
      present = Room.of(ByteBuffer.allocateDirect(SIZE));
      shared = present;
    }
    return present;
  }

  /** Has the source that holds the shared buffer, if there is one, leave it. */
  void makeWay() {
    Backlog present = holder;
    if (present != null) {
      present.makeWay();
    }
  }

  /** A backlog for a source that reads. */
  Backlog backlog(SourceEntry source) {
    Backlog fresh = spare == null ? new Backlog(this) : spare;
    spare = null;
    fresh.lend(source);
    return fresh;
  }

  /** Takes back one that is lent to nobody any more. */
  void spare(Backlog backlog) {
    spare = backlog;
  }

  /** Notes which source has bytes in the shared buffer. With the lock. */
  void holder(Backlog backlog) {
    holder = backlog;
  }

  /** Notes that a source needs the shared buffer no more. With the lock. */
  void leave(Backlog backlog) {
    if (holder == backlog) {
      holder = null;
    }
  }

  /** A frame to lend: read-only, from position 0 to its limit; more bytes may lie beyond. */
  // Equal bytes are not enough.
  @SuppressWarnings("ReferenceEquality")
  ByteBuffer lend(ByteBuffer frame) {
    int size = frame.remaining();
    if (size <= SHORT) {
      lent.put(0, frame, frame.position(), size);
      // The handler that had it before may have set another order.
      return lentView.clear().limit(size).order(ByteOrder.BIG_ENDIAN);
    }
    Room present = shared;
    if (present == null || frame != present.view) {
      return frame.slice().asReadOnlyBuffer();
    }
    return viewFrom(frame).clear().limit(size).order(ByteOrder.BIG_ENDIAN);
  }

  /** What is in the shared buffer from a frame's first byte on. */
  private ByteBuffer viewFrom(ByteBuffer frame) {
    int from = frame.position();
    ByteBuffer last = views[from / SHORT];
    if (last == null || begins[from / SHORT] != from) {
      int limit = frame.limit();
      last = frame.limit(SIZE).slice(from, SIZE - from);
      frame.limit(limit);
      views[from / SHORT] = last;
      begins[from / SHORT] = from;
    }
    return last;
  }
}
