// SPDX-License-Identifier: Apache-2.0
package io.penstock.spi;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ConsumerType;

/** A sink that can keep a whole immutable buffer instead of copying it. Optional. */
@ConsumerType
public interface SegmentSink extends SinkDriver {
  /**
   * Accepts a buffer whole if there is any room.
   *
   * @param immutable not empty; kept, never changed
   * @param released run once, with no lock held, when the buffer is no longer needed; null for no
   *     action
   * @return false when there is no room now
   * @throws IOException as {@link #write} says; the buffer was not accepted then
   */
  boolean give(ByteBuffer immutable, @Nullable Runnable released) throws IOException;
}
