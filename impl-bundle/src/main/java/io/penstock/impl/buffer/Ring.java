// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.buffer;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Circular memory for copies, on the heap or outside it. The pipe says which thread may touch which
 * part.
 */
final class Ring {
  private static final int LINE = 64;
  private static final VarHandle GONE;

  static {
    try {
      GONE = MethodHandles.lookup().findVarHandle(Ring.class, "gone", boolean.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final int size;

  @SuppressWarnings("unused")
  private volatile boolean gone;

  // Not final, so that the memory can be released while the ring is still referenced.
  private @Nullable ByteBuffer direct;
  private byte @Nullable [] heap;
  private @Nullable ByteBuffer view;

  /**
   * Allocates.
   *
   * @param size a power of two
   */
  Ring(int size, boolean direct) {
    this.size = size;
    this.direct = direct ? ByteBuffer.allocateDirect(size) : null;
    this.heap = direct ? null : new byte[size];
  }

  int size() {
    return size;
  }

  /**
   * Fetches the lines of free bytes for writing, all at once. Each small write is published by an
   * instruction that waits until its bytes' line has come from the other core; the lines of many
   * writes come in the time of one.
   */
  void own(long position, int n) {
    int mask = size - 1;
    int last = (int) (position + n - 1) & mask;
    byte[] bytes = heap;
    ByteBuffer memory = direct;
    if (bytes != null) {
      for (int i = 0; i < n; i += LINE) {
        bytes[(int) (position + i) & mask] = 0;
      }
      bytes[last] = 0;
    } else if (memory != null) {
      for (int i = 0; i < n; i += LINE) {
        memory.put((int) (position + i) & mask, (byte) 0);
      }
      memory.put(last, (byte) 0);
    }
  }

  /** Fetches the lines of written bytes for reading, all at once. */
  void fetch(long position, int n) {
    int mask = size - 1;
    int last = (int) (position + n - 1) & mask;
    int sum = 0;
    byte[] bytes = heap;
    ByteBuffer memory = direct;
    if (bytes != null) {
      for (int i = 0; i < n; i += LINE) {
        sum += bytes[(int) (position + i) & mask];
      }
      sum += bytes[last];
    } else if (memory != null) {
      for (int i = 0; i < n; i += LINE) {
        sum += memory.get((int) (position + i) & mask);
      }
      sum += memory.get(last);
    }
    if (sum == Integer.MIN_VALUE) {
      // So few bytes do not add up to that, but the compiler must not leave the looks out.
      view = null;
    }
  }

  /** The byte at a position, which may be just being written; 0 if the memory is gone. */
  byte at(long position) {
    int at = (int) position & (size - 1);
    byte[] bytes = heap;
    ByteBuffer memory = direct;
    return bytes != null ? bytes[at] : memory != null ? memory.get(at) : 0;
  }

  /** Copies bytes in, moving the source's position. False if the memory is gone. */
  boolean put(long position, ByteBuffer src, int n) {
    int at = (int) position & (size - 1);
    byte[] bytes = heap;
    if (bytes != null) {
      if (n == 1) {
        bytes[at] = src.get();
        return true;
      }
      int first = Math.min(n, size - at);
      src.get(bytes, at, first);
      if (n > first) {
        src.get(bytes, 0, n - first);
      }
      return true;
    }
    ByteBuffer memory = direct;
    if (memory == null) {
      return false;
    }
    int first = Math.min(n, size - at);
    int from = src.position();
    memory.put(at, src, from, first);
    if (n > first) {
      memory.put(0, src, from + first, n - first);
    }
    src.position(from + n);
    return true;
  }

  /** Copies bytes out, moving the destination's position. False if the memory is gone. */
  boolean get(long position, ByteBuffer dst, int n) {
    int at = (int) position & (size - 1);
    int first = Math.min(n, size - at);
    byte[] bytes = heap;
    if (bytes != null) {
      if (n == 1) {
        dst.put(bytes[at]);
        return true;
      }
      dst.put(bytes, at, first);
      if (n > first) {
        dst.put(bytes, 0, n - first);
      }
      return true;
    }
    ByteBuffer memory = direct;
    if (memory == null) {
      return false;
    }
    int to = dst.position();
    dst.put(to, memory, at, first);
    if (n > first) {
      dst.put(to + first, memory, 0, n - first);
    }
    dst.position(to + n);
    return true;
  }

  /**
   * The bytes from a position on, as far as they lie in one piece, read-only; null if gone. A
   * slice, because its user counts from 0 and must not reach more.
   */
  @Nullable ByteBuffer view(long position, int n) {
    ByteBuffer all = view;
    if (all == null) {
      byte[] bytes = heap;
      ByteBuffer memory = bytes != null ? ByteBuffer.wrap(bytes) : direct;
      if (memory == null) {
        return null;
      }
      all = memory.asReadOnlyBuffer();
      view = all;
    }
    int at = (int) position & (size - 1);
    return all.slice(at, Math.min(n, size - at));
  }

  /**
   * Releases the memory. Nothing in it is needed any more.
   *
   * @return how much; 0 if it has gone already
   */
  int discard() {
    heap = null;
    direct = null;
    view = null;
    return GONE.compareAndSet(this, false, true) ? size : 0;
  }
}
