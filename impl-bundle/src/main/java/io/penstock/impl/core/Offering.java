// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.core;

import java.nio.ByteBuffer;

/**
 * A sink driver from whose waiting writer a reader may take bytes where they lie, past the buffer:
 * one copy instead of two, and one wake-up for all of them. Both calls are for whoever has the
 * turn.
 */
public interface Offering {
  /**
   * Lets a reader take from a buffer, which must not change until it is withdrawn, or does nothing.
   */
  void offer(ByteBuffer src);

  /**
   * Lets nobody take any more.
   *
   * @return how many bytes were taken; the position of {@code src} was moved by as many
   */
  int withdraw(ByteBuffer src);
}
