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
   * @return how many bytes the frame takes up, from the first; 0 when there is none yet. A framer
   *     that skips what is too long returns a number below zero: minus how many bytes, from the
   *     first, belong to a frame that is skipped; they are dropped
   * @throws IOException if the bytes cannot be a frame, such as the frame-too-long type
   */
  int frame(ByteBuffer bytes) throws IOException;

  /**
   * Whether the frame that is skipped goes on, so that the next bytes belong to it, too.
   *
   * @return true between the first and the last piece of such a frame
   */
  default boolean skipping() {
    return false;
  }

  /**
   * Forgets what was seen of the present incomplete frame: its bytes are on the stream again, and
   * another reader may take some of them.
   */
  default void forget() {}

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
