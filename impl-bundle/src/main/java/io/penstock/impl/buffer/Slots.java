// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.buffer;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The entries of the stream between copied bytes: given buffers, and the rings that follow one
 * another. It is a queue from one thread to one other, without a lock and, once it has its size,
 * without garbage. A third thread may take out the remaining entries when the stream is dropped.
 *
 * <p>An entry's place in its chunk is published last, and cleared once by the thread that takes the
 * entry.
 */
final class Slots {
  private static final int FIRST = 8;
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

  /** Adds an entry. Only for the writing side. */
  void put(long start, Object item) {
    Chunk chunk = tail;
    if (ITEM.getAcquire(chunk.items, tailIndex) != null) {
      // All full. The reader comes back to this place, finds it empty, and goes on in the next.
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
      head = next;
    }
  }

  /** Where in the stream the first entry stands; there must be one. */
  long firstStart() {
    return head.starts[headIndex];
  }

  /** Takes the first entry out; false if another thread has dropped it meanwhile. */
  boolean remove() {
    Chunk chunk = head;
    int at = headIndex;
    headIndex = (at + 1) & chunk.mask;
    return ITEM.getAndSet(chunk.items, at, null) != null;
  }

  /** Takes out everything that stands before a place in the stream. For any thread. */
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
