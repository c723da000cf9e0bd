// SPDX-License-Identifier: Apache-2.0
package io.penstock.durable.impl;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What was appended and is not on its way to the disk yet: bytes in pieces, and marks between them.
 * Guarded by the lock of the state.
 */
final class Outgoing {
  private static final int SMALLEST = 4096;

  /** With this many pieces no more bytes are taken: each takes up more than its bytes. */
  private static final int MOST_PIECES = 4096;

  /** Bytes that grow at their end, or a mark. */
  private static final class Item {
    private final long position;
    private final byte[] bytes;
    private final @Nullable Mark mark;
    // The first change that is in it.
    private final long version;
    private int length;

    Item(long position, int capacity, @Nullable Mark mark, long version) {
      this.position = position;
      this.version = version;
      this.bytes = new byte[capacity];
      this.mark = mark;
    }
  }

  /**
   * What goes to the disk together.
   *
   * @param version all changes up to this are in it or were before
   */
  record Batch(List<Block> blocks, List<Mark> marks, long version) {}

  private final Deque<Item> items = new ArrayDeque<>();
  private final int block;
  private final boolean each;

  /**
   * Nothing was appended.
   *
   * @param block how many bytes a piece has at most
   * @param each whether each append is a piece of its own
   */
  Outgoing(int block, boolean each) {
    this.block = block;
    this.each = each;
  }

  boolean isFull() {
    return items.size() >= MOST_PIECES;
  }

  boolean isEmpty() {
    return items.isEmpty();
  }

  void clear() {
    items.clear();
  }

  /** Appends bytes that there is room for. */
  void append(long position, ByteBuffer src, int count, long version) {
    int left = count;
    while (left > 0) {
      Item last = items.peekLast();
      long at = position + count - left;
      boolean fits = last != null && last.mark == null && last.length < last.bytes.length;
      if (last == null || !fits || (each && left == count)) {
        int size = each ? Math.min(left, block) : Math.min(Math.max(left, SMALLEST), block);
        last = new Item(at, size, null, version);
        items.add(last);
      }
      int n = Math.min(left, last.bytes.length - last.length);
      src.get(last.bytes, last.length, n);
      last.length += n;
      left -= n;
    }
  }

  void mark(Mark mark, long version) {
    items.add(new Item(mark.position(), 0, mark, version));
  }

  /**
   * Takes out what goes to the disk next.
   *
   * @param most how many bytes suffice
   * @param version of the last change of any sort
   */
  Batch take(int most, long version) {
    List<Block> blocks = new ArrayList<>();
    List<Mark> marks = new ArrayList<>();
    long bytes = 0;
    while (!items.isEmpty() && (each ? blocks.isEmpty() : bytes < most)) {
      Item item = items.remove();
      if (item.mark != null) {
        marks.add(item.mark);
      } else {
        blocks.add(new Block(item.position, item.bytes, 0, item.length));
        bytes += item.length;
      }
    }
    Item rest = items.peek();
    // A change may be in several pieces: it is settled with the last of them.
    return new Batch(joined(blocks), marks, rest == null ? version : rest.version - 1);
  }

  /** Small pieces become one record. */
  private List<Block> joined(List<Block> blocks) {
    if (each || blocks.size() < 2) {
      return blocks;
    }
    List<Block> all = new ArrayList<>();
    for (int i = 0; i < blocks.size(); ) {
      int size = 0;
      int to = i;
      while (to < blocks.size() && (to == i || size + blocks.get(to).length() <= block)) {
        size += blocks.get(to).length();
        to++;
      }
      all.add(to == i + 1 ? blocks.get(i) : join(blocks.subList(i, to), size));
      i = to;
    }
    return all;
  }

  private static Block join(List<Block> parts, int size) {
    ByteBuffer whole = ByteBuffer.allocate(size);
    parts.forEach(part -> part.copy(0, whole, part.length()));
    return new Block(parts.get(0).position(), whole.array(), 0, size);
  }
}
