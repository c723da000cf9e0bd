// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.buffer;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Bytes in the hands of a writer that waits for the reader. There is one object for all offers of a
 * pipe, so that they make no garbage. A reader that was held up may see parts of two offers in it;
 * what it copied then does not count, because the writer's word has changed since. No fence is
 * needed: a reader whose change of the word succeeds has read all this before the writer changes
 * the word back.
 */
final class Offer {
  private byte @Nullable [] bytes;
  private int from;
  private int size;
  private long start;

  /**
   * Makes an offer; by the writer, before its word says so.
   *
   * @param place where in the stream the bytes begin
   */
  void make(byte[] array, int offset, int length, long place) {
    bytes = array;
    from = offset;
    size = length;
    start = place;
  }

  /** Forgets the bytes; by the writer, after its word says so. */
  void clear() {
    bytes = null;
  }

  /** Whether there is one; for the writer. */
  boolean isMade() {
    return bytes != null;
  }

  /** Where in the stream it begins; for the writer. */
  long start() {
    return start;
  }

  /** Where in the stream it ends; for the writer. */
  long end() {
    return start + size;
  }

  /**
   * Copies to a buffer and leaves its position; called by the reader.
   *
   * @param place where in the stream the next byte is
   * @param most how many bytes at most
   * @return how many bytes; they count only if the writer's word has not changed
   */
  int copy(long place, ByteBuffer dst, int most) {
    byte[] array = bytes;
    int offset = from;
    int length = size;
    long done = place - start;
    // A later offer begins behind this place.
    if (array == null || done < 0 || done >= length) {
      return 0;
    }
    int at = offset + (int) done;
    int n = Math.min(most, length - (int) done);
    if (at < 0 || at > array.length - n) {
      // Parts of two offers.
      return 0;
    }
    dst.put(dst.position(), array, at, n);
    return n;
  }
}
