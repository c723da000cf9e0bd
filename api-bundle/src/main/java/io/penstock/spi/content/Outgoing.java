// SPDX-License-Identifier: Apache-2.0
package io.penstock.spi.content;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ProviderType;

/**
 * What was appended and is not on its way to its place yet: bytes in pieces, and marks between
 * them. Not safe for use by several threads: the place guards it.
 */
@ProviderType
public final class Outgoing {
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
   * What goes to its place together. Immutable.
   *
   * @param blocks the bytes, in records
   * @param marks between them, by their positions
   * @param version all changes up to this are in it or were before
   */
  @ProviderType
  public record Batch(List<Block> blocks, List<Mark> marks, long version) {}

  private final Deque<Item> items = new ArrayDeque<>();
  private final int block;
  private final boolean each;

  /**
   * Nothing was appended.
   *
   * @param block how many bytes a piece has at most
   * @param each whether each append is a piece of its own
   */
  public Outgoing(int block, boolean each) {
    this.block = block;
    this.each = each;
  }

  /**
   * Whether there are so many pieces that no more bytes are taken.
   *
   * @return true for no more
   */
  public boolean isFull() {
    return items.size() >= MOST_PIECES;
  }

  /**
   * Whether nothing is left.
   *
   * @return true for nothing
   */
  public boolean isEmpty() {
    return items.isEmpty();
  }

  /** Forgets everything. */
  public void clear() {
    items.clear();
  }

  /**
   * Appends bytes that there is room for.
   *
   * @param position of the first one
   * @param src has them
   * @param count how many
   * @param version of this change
   */
  public void append(long position, ByteBuffer src, int count, long version) {
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

  /**
   * Appends a mark.
   *
   * @param mark at the present end
   * @param version of this change
   */
  public void mark(Mark mark, long version) {
    items.add(new Item(mark.position(), 0, mark, version));
  }

  /**
   * Takes out the next record, as full as it can be.
   *
   * @param version of the last change of any sort
   * @return bytes or a mark, alone; nothing at all if nothing is left
   */
  public Batch next(long version) {
    Item first = items.peek();
    Mark mark = first == null ? null : first.mark;
    if (mark != null) {
      Item unused = items.remove();
      return new Batch(List.of(), List.of(mark), settled(version));
    }
    List<Block> blocks = new ArrayList<>();
    int bytes = 0;
    while (first != null
        && first.mark == null
        && (blocks.isEmpty() || (!each && bytes + first.length <= block))) {
      Item item = items.remove();
      blocks.add(new Block(item.position, item.bytes, 0, item.length));
      bytes += item.length;
      first = items.peek();
    }
    return new Batch(joined(blocks), List.of(), settled(version));
  }

  /** Up to which change all has been taken out: a change may be in several pieces. */
  private long settled(long version) {
    Item rest = items.peek();
    return rest == null ? version : rest.version - 1;
  }

  /**
   * Takes out what goes to its place next.
   *
   * @param most how many bytes suffice
   * @param version of the last change of any sort
   * @return perhaps without anything
   */
  public Batch take(int most, long version) {
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
    return new Batch(joined(blocks), marks, settled(version));
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
