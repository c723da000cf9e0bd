// SPDX-License-Identifier: Apache-2.0
package io.penstock.stream;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletionStage;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Writes frames to a sink, see {@link ByteSink#frames}. A frame is written whole or not at all, as
 * {@link ByteSink#give} does, so that a call that fails leaves no piece of a frame behind. Any
 * number of threads may use it at once.
 *
 * <p>Each method throws {@link IllegalArgumentException} for a frame that the framing cannot
 * encode, and {@link UnsupportedOperationException} if the framing has no encoder, see {@link
 * Framing#encode}.
 */
@ProviderType
public interface FrameSink {
  /**
   * Where the frames go.
   *
   * @return the sink
   */
  ByteSink sink();

  /**
   * How they are encoded.
   *
   * @return the framing
   */
  Framing framing();

  /**
   * Writes a frame.
   *
   * @param frame copied; its position and limit stay as they are
   * @param wait this call's own limit
   * @throws io.penstock.error.WouldBlockException if told not to wait and there is no room now;
   *     nothing was written
   * @throws IOException as {@link ByteSink} says; nothing was written
   */
  void write(ByteBuffer frame, Wait wait) throws IOException;

  /**
   * The same as {@link #write(ByteBuffer, Wait)}, under the sink's {@link ByteSink#writeWait()} as
   * it is at the moment of the call.
   *
   * @param frame copied; its position and limit stay as they are
   * @throws IOException as there
   */
  default void write(ByteBuffer frame) throws IOException {
    write(frame, sink().writeWait());
  }

  /**
   * Queues a frame to be written, without waiting, as {@link ByteSink#writeAsync} does.
   *
   * @param frame copied; its position and limit stay as they are
   * @return completes when the frame was accepted by the transport or the pipe, or with the failure
   */
  CompletionStage<Void> writeAsync(ByteBuffer frame);
}
