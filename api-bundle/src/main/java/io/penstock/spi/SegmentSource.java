// SPDX-License-Identifier: Apache-2.0
package io.penstock.spi;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ConsumerType;

/** A source whose buffered bytes can be handed over or lent without a copy. Optional. */
@ConsumerType
public interface SegmentSource extends SourceDriver {
  /**
   * Hands over the next run of bytes.
   *
   * @param max the most bytes, 1 or more
   * @return a buffer that belongs to the caller for good; null when there is nothing now, at the
   *     end, or on failure; {@link #read} then distinguishes these
   */
  @Nullable ByteBuffer take(int max);

  /**
   * How many bytes {@link #take} would hand over without a copy.
   *
   * @return 0 where the next bytes are not a separate segment, or there are none now
   */
  default int segment() {
    return 0;
  }

  /**
   * Lends the next run of bytes until {@link #unlend}. In between only {@link #close} is called.
   *
   * @param max the most bytes, 1 or more
   * @return read-only; null as {@link #take} says
   */
  @Nullable ByteBuffer lend(int max);

  /**
   * Ends the loan.
   *
   * @param consumed how many of the lent bytes were consumed, from the first
   */
  void unlend(int consumed);
}
