// SPDX-License-Identifier: Apache-2.0
package io.penstock.stream;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Iterator;
import java.util.concurrent.Flow;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ProviderType;

/**
 * The frames of a source, see {@link ByteSource#frames}. It takes from the source exactly the bytes
 * of the frames that it returns: what follows stays readable there, so that other views can go on.
 *
 * <p>Each frame is a buffer that belongs to the caller. What is delivered, and what happens at the
 * end of the stream and at the maximum, is as the framing says; its limits of time hold here, too.
 *
 * <p>For one thread at a time: others get an {@link IllegalStateException}.
 */
@ProviderType
public interface FrameSource extends Iterable<ByteBuffer> {
  /**
   * Where the frames come from.
   *
   * @return the source
   */
  ByteSource source();

  /**
   * How its bytes are cut.
   *
   * @return the framing
   */
  Framing framing();

  /**
   * Reads a frame. Room in the source is released while the call gathers bytes, so that a frame may
   * be larger than a pipe. If it fails, the gathered bytes go back in front of the source.
   *
   * @param wait this call's own limit; {@link Wait#upTo} restarts with each piece that came
   * @return the frame, possibly empty if the framing allows that; null at the end
   * @throws io.penstock.error.WouldBlockException if told not to wait and there is no whole frame
   * @throws io.penstock.error.FrameTooLongException if a frame is longer than the framing allows,
   *     and it does not skip such frames; the bytes stay readable, and each later call throws this
   *     again
   * @throws io.penstock.error.EndOfStreamException if the stream ends within a frame that must be
   *     whole; the bytes stay readable
   * @throws io.penstock.error.StreamTimeoutException if the wait, or a limit of the framing, has
   *     passed; the bytes stay readable
   * @throws java.net.ProtocolException if the framing refuses the bytes; they stay readable
   * @throws IOException as {@link ByteSource} says
   */
  @Nullable ByteBuffer next(Wait wait) throws IOException;

  /**
   * The same as {@link #next(Wait)}, under the source's {@link ByteSource#readWait()} as it is at
   * the moment of the call.
   *
   * @return the frame; null at the end
   * @throws IOException as there
   */
  default @Nullable ByteBuffer next() throws IOException {
    return next(source().readWait());
  }

  /**
   * The frames up to the end, each as {@link #next()} returns it. {@code hasNext} waits for one; a
   * frame that it has found and that was not taken is the next one of this object, and not on the
   * source any more. Failures are thrown as {@link java.io.UncheckedIOException}.
   *
   * @return an iterator
   */
  @Override
  Iterator<ByteBuffer> iterator();

  /**
   * The frames up to the end, as {@link #iterator()} returns them.
   *
   * @return a sequential stream; closing it closes nothing
   */
  default Stream<ByteBuffer> stream() {
    return StreamSupport.stream(spliterator(), false);
  }

  /**
   * The frames up to the end, one for each request, on threads of the product, as {@link
   * ByteSource#publisher()} publishes bytes. No thread is blocked while there is no whole frame.
   * Bytes that were not delivered when a subscriber cancels stay readable.
   *
   * @return the publisher, always the same
   */
  Flow.Publisher<ByteBuffer> publisher();

  /**
   * How many frames were skipped because they were too long, see {@link Framing#skippingTooLong()}.
   * Any thread may ask.
   *
   * @return 0 or more
   */
  long skipped();
}
