// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.buffer;

import java.nio.ByteBuffer;

/**
 * A sink driver whose waiting writer lets a reader take bytes directly from its array, past the
 * buffer: one copy instead of two, and one wake-up for all bytes. Both calls are for the holder of
 * the turn.
 */
public interface Offering {
  /**
   * Lets a reader take from a buffer, which must not change until it is withdrawn, or does nothing.
   */
  void offer(ByteBuffer src);

  /**
   * Withdraws the offer.
   *
   * @return how many bytes were taken; the position of {@code src} was moved by as many
   */
  int withdraw(ByteBuffer src);
}
