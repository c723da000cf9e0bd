// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.view;

import io.penstock.error.EndOfStreamException;
import io.penstock.error.FrameTooLongException;
import io.penstock.impl.engine.Flight;
import io.penstock.stream.Framer;
import io.penstock.stream.Framing;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** What holds for frames wherever they are found: here, and in a poller. */
public final class Frames {
  private Frames() {}

  /**
   * Asks a framer, checks its answer, and records a frame that is too long.
   *
   * @param there how many bytes it sees
   * @return its answer
   */
  public static int ask(String name, Framing framing, Framer framer, ByteBuffer bytes, int there)
      throws IOException {
    try {
      int size = framer.frame(bytes);
      check(name, framing, size, there);
      return size;
    } catch (FrameTooLongException e) {
      record(name, framing, e);
      throw e;
    }
  }

  private static void check(String name, Framing framing, int size, int there)
      throws FrameTooLongException {
    if (size > there || size < -there) {
      throw new IllegalStateException(
          name + ": the framer found " + size + " of " + there + " bytes");
    }
    int max = framing.max();
    if (size > max || (size == 0 && there >= max)) {
      throw new FrameTooLongException(
          name,
          (size == 0 ? "no frame within " + there : "a frame of " + size)
              + " bytes, at most "
              + max
              + " are allowed",
          max);
    }
  }

  /** Records a frame that is longer than is allowed; without a failure it is skipped. */
  public static void record(String name, Framing framing, @Nullable FrameTooLongException failure) {
    Flight.Span span = Flight.begin(Flight.Kind.FRAME_TOO_LONG);
    if (span != null) {
      span.end(name, "", framing.max(), 0, failure);
    }
  }

  /** Narrows a buffer from a whole frame to what is delivered of it. */
  public static void strip(String name, Framer framer, ByteBuffer bytes, int first, int size) {
    bytes.limit(first + size).position(first);
    framer.strip(bytes);
    if (bytes.position() < first || bytes.limit() > first + size) {
      throw new IllegalStateException(
          name + ": the framer stripped a frame to bytes outside of it");
    }
  }

  /** The failure at the end of a stream. */
  public static EndOfStreamException truncated(String name, int there) {
    return new EndOfStreamException(
        name, "ended within a frame, of which " + there + " bytes are there", there);
  }

  /** What a limit of the framing says that has passed. */
  public static String late(long limit, boolean part, int there) {
    String what = Duration.ofNanos(limit).toMillis() + " ms";
    return part
        ? "a frame was not whole within " + what + ", " + there + " bytes are there"
        : "nothing came within " + what;
  }
}
