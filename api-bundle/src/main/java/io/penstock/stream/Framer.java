// SPDX-License-Identifier: Apache-2.0
package io.penstock.stream;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * Finds frames in a stream of bytes. One framer belongs to one stream and is called by one thread
 * at a time.
 */
@ConsumerType
public interface Framer {
  /**
   * Looks for the next frame.
   *
   * @param bytes the available bytes, from the first one not yet delivered; its position and limit
   *     need not be kept
   * @return how many bytes the frame takes up, from the first; 0 when there is none yet
   * @throws IOException if the bytes cannot be a frame, such as the frame-too-long type
   */
  int frame(ByteBuffer bytes) throws IOException;

  /**
   * Narrows a frame to the part that is delivered, for example without a length prefix.
   *
   * @param frame the bytes that {@link #frame} found; its position and limit may be changed
   */
  default void strip(ByteBuffer frame) {}

  /**
   * Whether an incomplete frame at the end of the stream is delivered.
   *
   * @return false for an end-of-stream failure instead
   */
  default boolean partialAtEnd() {
    return false;
  }
}
