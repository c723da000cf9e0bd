// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.posix;

import io.penstock.channel.HandleKind;
import io.penstock.channel.facet.HandleFacet;
import io.penstock.error.HandleLimitException;
import java.io.Closeable;
import java.nio.channels.ClosedChannelException;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Descriptors that came with bytes, until somebody takes them, and where in the stream those bytes
 * are. The driver adds what has come, and the source above it tells how far it was read. Safe for
 * use by any thread.
 */
public final class Arrivals implements Closeable {
  /** How many ranges are kept that were read: what was read may be put back. */
  private static final int RANGES = 64;

  /**
   * A descriptor, or the news that those of a message were lost.
   *
   * @param at the position of the first byte that it came with
   * @param lost why they were lost, and how many of them had come
   */
  private record Item(long at, @Nullable Descriptor descriptor, String why, int lost) {}

  /** The bytes that descriptors came with, from the first to before the last. */
  private record Range(long from, long to) {}

  private final String stream;
  private final ReentrantLock lock = new ReentrantLock();
  private final ArrayDeque<Item> items = new ArrayDeque<>(2);
  private final ArrayDeque<Range> ranges = new ArrayDeque<>(2);
  private long read;
  private boolean closed;

  /** Nothing has come. */
  public Arrivals(String stream) {
    this.stream = stream;
  }

  /**
   * Adds what came with bytes, before these can be read.
   *
   * @param from position of the first byte
   * @param length of the bytes
   * @param descriptors this object's from now on
   * @param lacking why not all have come; null if they have
   */
  public void add(long from, int length, List<Descriptor> descriptors, @Nullable String lacking) {
    List<Descriptor> unwanted = List.of();
    lock.lock();
    try {
      while (ranges.size() >= RANGES && ranges.getFirst().to() <= read) {
        ranges.removeFirst();
      }
      ranges.addLast(new Range(from, from + length));
      String why = lacking;
      if (why == null && items.size() + descriptors.size() > HandleFacet.MAX_WAITING) {
        why = "because " + items.size() + " wait to be taken";
      }
      if (closed) {
        unwanted = descriptors;
      } else if (why == null) {
        for (Descriptor each : descriptors) {
          items.addLast(new Item(from, each, "", 0));
        }
      } else {
        unwanted = descriptors;
        Item last = items.peekLast();
        // Of a flood that nobody takes, one line is enough.
        if (lacking != null || last == null || last.descriptor() != null) {
          items.addLast(new Item(from, null, why, descriptors.size()));
        }
      }
    } finally {
      lock.unlock();
    }
    Descriptor.closeAll(unwanted);
  }

  /** Bytes were read, or with a count below zero put back. */
  public void read(long count) {
    lock.lock();
    try {
      read += count;
    } finally {
      lock.unlock();
    }
  }

  /** How many bytes one read may go on for, so that it stays within or outside of a range. */
  public long most() {
    lock.lock();
    try {
      for (Range range : ranges) {
        if (range.from() > read) {
          return range.from() - read;
        }
        if (range.to() > read) {
          return range.to() - read;
        }
      }
      return Long.MAX_VALUE;
    } finally {
      lock.unlock();
    }
  }

  /** Whether what comes next is the first byte of a range, or the first behind one. */
  public boolean atBoundary() {
    lock.lock();
    try {
      for (Range range : ranges) {
        if (range.from() == read || range.to() == read) {
          return true;
        }
      }
      return false;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Takes the next one that came with what was read.
   *
   * @throws ClosedChannelException after the close
   * @throws HandleLimitException if those of the next message were lost
   */
  public @Nullable Descriptor take() throws ClosedChannelException, HandleLimitException {
    lock.lock();
    try {
      if (closed) {
        throw new ClosedChannelException();
      }
      Item first = items.peekFirst();
      if (first == null || first.at() >= read) {
        return null;
      }
      items.removeFirst();
      if (first.descriptor() == null) {
        throw new HandleLimitException(
            stream, "handles that came were closed " + first.why(), first.lost(), null);
      }
      return first.descriptor();
    } finally {
      lock.unlock();
    }
  }

  /** How many takes have something to give or to tell. */
  public int count() {
    lock.lock();
    try {
      return (int) items.stream().takeWhile(item -> item.at() < read).count();
    } finally {
      lock.unlock();
    }
  }

  /** What the next take would give. */
  public Optional<HandleKind> kind() {
    lock.lock();
    try {
      Item first = items.peekFirst();
      return first == null || first.at() >= read || first.descriptor() == null
          ? Optional.empty()
          : Optional.of(first.descriptor().kind());
    } finally {
      lock.unlock();
    }
  }

  /** Closes what nobody has taken, and what comes from now on. */
  @Override
  public void close() {
    List<Item> left;
    lock.lock();
    try {
      closed = true;
      left = List.copyOf(items);
      items.clear();
    } finally {
      lock.unlock();
    }
    left.forEach(
        item -> {
          if (item.descriptor() != null) {
            item.descriptor().close();
          }
        });
  }
}
