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
   * @return a buffer that is the caller's for good; null when there is nothing now, at the end, or
   *     on failure, which {@link #read} then tells apart
   */
  @Nullable ByteBuffer take(int max);

  /**
   * How many bytes {@link #take} would hand over without a copy.
   *
   * @return 0 where the next bytes are no segment of their own, or there are none now
   */
  default int segment() {
    return 0;
  }

  /**
   * Lends the next run of bytes until {@link #unlend}. Nothing else is called in between but {@link
   * #close}.
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
