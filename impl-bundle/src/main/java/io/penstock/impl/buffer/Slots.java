// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.buffer;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The entries of the stream between copied bytes: given buffers, and the rings that follow one
 * another. It is a queue from one thread to one other, without a lock and, once it has its size,
 * without garbage. A third thread may drop the entries when the stream is dropped.
 *
 * <p>An entry's place in its chunk is published last. The reading thread clears the places of
 * entries that it has taken in batches, because each store to them takes their cache line away from
 * the writing thread. So up to {@value #BATCH} - 1 entries that were taken stay reachable, until
 * more are taken or until {@link #forget}, and a thread that drops entries may meet them again:
 * what may be released once only has to see to that itself.
 */
final class Slots {
  private static final int FIRST = 8;
  // No more than the first chunk has places: one that was not cleared must not come up again.
  private static final int BATCH = FIRST;
  private static final int LARGEST = 1024;
  private static final VarHandle ITEM = MethodHandles.arrayElementVarHandle(Object[].class);

  private static final class Chunk {
    private final int mask;
    private final Object[] items;
    private final long[] starts;
    private volatile @Nullable Chunk next;

    Chunk(int size) {
      this.mask = size - 1;
      this.items = new Object[size];
      this.starts = new long[size];
    }
  }

  private Chunk tail = new Chunk(FIRST);
  private int tailIndex;
  // Read by the thread that drops the remaining entries, which copes with an old value.
  private volatile Chunk head = tail;
  private int headIndex;
  // How many places before the head index are not cleared.
  private int taken;

  /** Adds an entry. Only for the writing side. */
  void put(long start, Object item) {
    Chunk chunk = tail;
    if (ITEM.getAcquire(chunk.items, tailIndex) != null) {
      // Full, as far as places are cleared. When the reader is at this place again, it has taken as
      // many entries as the chunk has places: it finds this one cleared, and goes on in the next.
      Chunk more = new Chunk(Math.min(LARGEST, 2 * chunk.items.length));
      store(more, 0, start, item);
      chunk.next = more;
      tail = more;
      tailIndex = 1;
      return;
    }
    store(chunk, tailIndex, start, item);
    tailIndex = (tailIndex + 1) & chunk.mask;
  }

  private static void store(Chunk chunk, int at, long start, Object item) {
    chunk.starts[at] = start;
    ITEM.setRelease(chunk.items, at, item);
  }

  /** The first entry, or null. Only for the reading side, as the next two. */
  @Nullable Object first() {
    while (true) {
      Chunk chunk = head;
      Object item = ITEM.getAcquire(chunk.items, headIndex);
      if (item != null) {
        return item;
      }
      Chunk next = chunk.next;
      if (next == null) {
        return null;
      }
      // An entry may have come between the two looks.
      item = ITEM.getAcquire(chunk.items, headIndex);
      if (item != null) {
        return item;
      }
      headIndex = 0;
      taken = 0;
      head = next;
    }
  }

  /** Where in the stream the first entry stands; there must be one. */
  long firstStart() {
    return head.starts[headIndex];
  }

  /** Takes the first entry out. */
  void remove() {
    headIndex = (headIndex + 1) & head.mask;
    if (++taken == BATCH) {
      forget();
    }
  }

  /** Lets the entries that were taken be collected. Only for the reading side. */
  void forget() {
    Chunk chunk = head;
    for (; taken > 0; taken--) {
      ITEM.setRelease(chunk.items, (headIndex - taken) & chunk.mask, null);
    }
  }

  /**
   * Takes out everything that stands before a place in the stream, and perhaps what was taken
   * lately. For any thread.
   */
  void drop(long before, Consumer<Object> each) {
    for (Chunk chunk = head; chunk != null; chunk = chunk.next) {
      for (int at = 0; at < chunk.items.length; at++) {
        Object item = ITEM.getAcquire(chunk.items, at);
        if (item == null || chunk.starts[at] >= before) {
          continue;
        }
        if (ITEM.compareAndSet(chunk.items, at, item, null)) {
          each.accept(item);
        }
      }
    }
  }
}
