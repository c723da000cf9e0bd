// SPDX-License-Identifier: Apache-2.0
package io.penstock.stream;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ProviderType;

/**
 * How a stream of bytes is cut into events. Immutable; each stream gets a framer of its own. Every
 * framing but {@link #bytes()} and {@link #fixed} has a mandatory maximum, so that no peer can make
 * us gather bytes without bound. Parity YA-07, YA-10, YA-24.
 *
 * <p>Two limits protect against peers that are slow on purpose; a single byte does not restart
 * them: {@link #withFrameTimeout} for one frame, {@link #withIdleTimeout} for the silence between
 * two frames. A public server needs both.
 */
@ProviderType
public final class Framing {
  /** Makes of the bytes of a frame what goes on the wire. */
  private interface Encoder {
    ByteBuffer encode(ByteBuffer payload, Framing framing);
  }

  private static final Framing BYTES =
      new Framing("bytes", Integer.MAX_VALUE, Whole::new, Framing::copy);

  private final String text;
  private final int max;
  private final Supplier<Framer> framers;
  private final @Nullable Encoder encoder;
  private final Wait within;
  private final Wait idle;

  private Framing(String text, int max, Supplier<Framer> framers, @Nullable Encoder encoder) {
    this(text, max, framers, encoder, Wait.forever(), Wait.forever());
  }

  private Framing(
      String text,
      int max,
      Supplier<Framer> framers,
      @Nullable Encoder encoder,
      Wait within,
      Wait idle) {
    this.text = text;
    this.max = max;
    this.framers = framers;
    this.encoder = encoder;
    this.within = within;
    this.idle = idle;
  }

  /**
   * No frames: each event has the bytes of one read.
   *
   * @return the shared constant
   */
  public static Framing bytes() {
    return BYTES;
  }

  /**
   * Lines that end with a line feed, which is part of the event. A last line without one comes at
   * the end of the stream.
   *
   * @param max the most bytes of a line, its line feed included; 1 or more
   * @return the framing
   */
  public static Framing lines(int max) {
    return delimited("lines(" + max + ")", ByteSequence.LF, positive(max));
  }

  /**
   * Frames that end with a delimiter, which is part of the event. A last one without it comes at
   * the end of the stream.
   *
   * @param delimiter one byte or more
   * @param max the most bytes of a frame, its delimiter included
   * @return the framing
   */
  public static Framing delimited(ByteSequence delimiter, int max) {
    if (delimiter.length() == 0 || delimiter.length() > max) {
      throw new IllegalArgumentException(
          "delimiter has " + delimiter.length() + " bytes, expected 1 to max, which is " + max);
    }
    return delimited("delimited(" + delimiter + ", " + max + ")", delimiter, max);
  }

  private static Framing delimited(String text, ByteSequence delimiter, int max) {
    return new Framing(
        text,
        max,
        () -> new DelimitedFramer(delimiter, max),
        (payload, framing) -> new DelimitedFramer(delimiter, max).encode(payload, framing));
  }

  /**
   * Frames that begin with their length, most significant byte first. The length does not count
   * itself, and is not part of the event. A truncated frame at the end of the stream is a failure.
   *
   * @param lengthBytes 1 to 4
   * @param max the most bytes of a frame without its length; 1 or more
   * @return the framing
   */
  public static Framing lengthPrefixed(int lengthBytes, int max) {
    if (lengthBytes < 1 || lengthBytes > 4) {
      throw new IllegalArgumentException("a length has 1 to 4 bytes, not " + lengthBytes);
    }
    if (max > Integer.MAX_VALUE - 4) {
      throw new IllegalArgumentException("max is " + max + ", expected at most 2147483643");
    }
    return new Framing(
        "lengthPrefixed(" + lengthBytes + ", " + max + ")",
        positive(max) + lengthBytes,
        () -> new PrefixedFramer(lengthBytes, max),
        (payload, framing) -> new PrefixedFramer(lengthBytes, max).encode(payload, framing));
  }

  /**
   * Frames of one size. A truncated frame at the end of the stream is a failure.
   *
   * @param size bytes, 1 or more
   * @return the framing
   */
  public static Framing fixed(int size) {
    return new Framing(
        "fixed(" + size + ")", positive(size), () -> new Fixed(size), Framing::whole);
  }

  /**
   * Frames that the caller's framer finds.
   *
   * @param max the most bytes of a frame; if so many bytes are there and the framer finds no frame,
   *     that is the frame-too-long failure
   * @param framers makes one for each stream
   * @return the framing
   */
  public static Framing custom(int max, Supplier<Framer> framers) {
    return new Framing("custom(" + max + ")", positive(max), framers, null);
  }

  /**
   * The same frames, with a limit for the time from the first byte of a frame to its last. The
   * limit holds however steadily the bytes arrive. If it passes, the source fails with {@link
   * io.penstock.error.StreamTimeoutException} and its bytes stay readable. A frame that has arrived
   * in time never fails, however late the poller looks for it. The time while the registration is
   * paused does not count.
   *
   * @param limit more than zero
   * @return a framing with that limit
   * @throws IllegalArgumentException if {@code limit} is not more than zero, or this is {@link
   *     #bytes()}, which has no frames that could come slowly
   */
  public Framing withFrameTimeout(Duration limit) {
    if (max == Integer.MAX_VALUE && framers == BYTES.framers) {
      throw new IllegalArgumentException(
          "bytes has no frames that could come slowly; the silence can be limited, by withIdleTimeout");
    }
    return new Framing(text, max, framers, encoder, Wait.upTo(positive(limit)), idle);
  }

  /**
   * The same frames, with a limit for the silence before the first frame and between two frames. If
   * no byte of the next frame has come within the limit, the source fails with {@link
   * io.penstock.error.StreamTimeoutException}. The time while the registration is paused does not
   * count.
   *
   * @param limit more than zero
   * @return a framing with that limit
   * @throws IllegalArgumentException if {@code limit} is not more than zero
   */
  public Framing withIdleTimeout(Duration limit) {
    return new Framing(text, max, framers, encoder, within, Wait.upTo(positive(limit)));
  }

  private static Duration positive(Duration limit) {
    if (limit.isNegative() || limit.isZero()) {
      throw new IllegalArgumentException("limit is " + limit + ", expected more than zero");
    }
    return limit;
  }

  private static int positive(int value) {
    if (value < 1) {
      throw new IllegalArgumentException("a frame has 1 byte or more, not " + value);
    }
    return value;
  }

  /**
   * Makes a framer for one stream.
   *
   * @return the framer
   */
  public Framer newFramer() {
    return framers.get();
  }

  /**
   * Makes of a frame what goes on the wire: {@link #lines} and {@link #delimited} add the delimiter
   * unless the frame ends with it already, {@link #lengthPrefixed} puts the length in front, {@link
   * #bytes()} and {@link #fixed} add nothing.
   *
   * <p>Every frame that was delivered is accepted, and comes out again as it was. Only a last line
   * without its delimiter, which came at the end of a stream, comes out with it.
   *
   * @param payload the frame as the framing delivers it; its position and limit stay as they are
   * @return a fresh buffer with the bytes on the wire between position and limit
   * @throws IllegalArgumentException if this framing would not deliver the frame as it is: it is
   *     longer than the maximum or than its length field can tell, it has a delimiter elsewhere
   *     than at its end, or it has not the fixed size
   * @throws UnsupportedOperationException if this is {@link #custom}, which has only a decoder
   */
  public ByteBuffer encode(ByteBuffer payload) {
    if (encoder == null) {
      throw new UnsupportedOperationException(
          this + " has no encoder; encode the frame and write it to the sink itself");
    }
    return encoder.encode(payload, this);
  }

  /** A buffer for a frame and what is added, if the frame alone is not too long. */
  static ByteBuffer room(int size, int added, int max, Framing framing) {
    if (size > max) {
      throw tooLong(size + " bytes", max, framing);
    }
    return ByteBuffer.allocate(Math.addExact(size, added));
  }

  static IllegalArgumentException tooLong(String size, int max, Framing framing) {
    return new IllegalArgumentException(
        framing + ": the frame has " + size + ", at most " + max + " are allowed");
  }

  private static ByteBuffer copy(ByteBuffer payload, Framing framing) {
    return room(payload.remaining(), 0, framing.max, framing).put(payload.duplicate()).flip();
  }

  private static ByteBuffer whole(ByteBuffer payload, Framing framing) {
    if (payload.remaining() != framing.max) {
      throw new IllegalArgumentException(
          framing
              + ": the frame has "
              + payload.remaining()
              + " bytes, expected exactly "
              + framing.max);
    }
    return copy(payload, framing);
  }

  /**
   * The most bytes of a frame.
   *
   * @return bytes; {@link Integer#MAX_VALUE} for {@link #bytes()}
   */
  public int max() {
    return max;
  }

  /**
   * How long a frame may take from its first byte to its last.
   *
   * @return for ever by default
   */
  public Wait frameTimeout() {
    return within;
  }

  /**
   * How long the silence before a frame may last.
   *
   * @return for ever by default
   */
  public Wait idleTimeout() {
    return idle;
  }

  @Override
  public String toString() {
    return text + limit(", a frame within ", within) + limit(", idle for ", idle);
  }

  private static String limit(String what, Wait wait) {
    return wait.kind() == Wait.Kind.FOREVER ? "" : what + Duration.ofNanos(wait.nanos());
  }

  private static final class Whole implements Framer {
    @Override
    public int frame(ByteBuffer bytes) {
      return bytes.remaining();
    }
  }

  private static final class Fixed implements Framer {
    private final int size;

    Fixed(int size) {
      this.size = size;
    }

    @Override
    public int frame(ByteBuffer bytes) {
      return bytes.remaining() < size ? 0 : size;
    }
  }
}
