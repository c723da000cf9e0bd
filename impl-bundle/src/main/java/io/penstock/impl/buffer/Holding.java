// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.buffer;

import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * A source driver that goes on counting the bytes that a long read has gathered, until the long
 * read delivers them. All calls are for the holder of the turn.
 */
public interface Holding {
  /**
   * Reads as {@link io.penstock.spi.SourceDriver#read} does, but the bytes read still count as
   * buffered for all other callers.
   *
   * @param frees whether the writer gets room for the bytes read, although they are not delivered
   * @return as a read
   * @throws IOException as a read
   */
  int hold(ByteBuffer dst, boolean frees) throws IOException;

  /** Gives the writer room for so many held bytes, although they are not delivered. */
  void free(int n);

  /**
   * Delivers held bytes, the first ones.
   *
   * @return false if the source was closed before: then the bytes count as dropped
   */
  boolean deliver(int n);

  /**
   * Counts bytes as held again that were delivered last and are put back in front.
   *
   * @return false if they are not counted any more, because that makes no difference
   */
  default boolean takeBack(int n) {
    return false;
  }

  /** The long read delivers nothing: what it freed counts against the capacity again. */
  void keep();
}
