// SPDX-License-Identifier: Apache-2.0
package io.penstock.poller;

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
   * @param bytes what is there, from the first byte not yet delivered; its position and limit need
   *     not be kept
   * @return how many bytes the frame takes up, from the first; 0 when there is none yet
   * @throws IOException if the bytes cannot be a frame, such as the frame-too-long type
   */
  int frame(ByteBuffer bytes) throws IOException;

  /**
   * Narrows a frame down to what is delivered, such as leaving out a length prefix.
   *
   * @param frame the bytes that {@link #frame} found; its position and limit may be changed
   */
  default void strip(ByteBuffer frame) {}

  /**
   * Whether bytes that are no whole frame at the end of the stream are delivered all the same.
   *
   * @return false for an end-of-stream failure instead
   */
  default boolean partialAtEnd() {
    return false;
  }
}
