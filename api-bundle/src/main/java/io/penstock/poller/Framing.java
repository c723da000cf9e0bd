// SPDX-License-Identifier: Apache-2.0
package io.penstock.poller;

import io.penstock.error.FrameTooLongException;
import io.penstock.stream.ByteSequence;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.function.Supplier;
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
  private static final Framing BYTES = new Framing("bytes", Integer.MAX_VALUE, Whole::new);

  private final String text;
  private final int max;
  private final Supplier<Framer> framers;
  private final Wait within;
  private final Wait idle;

  private Framing(String text, int max, Supplier<Framer> framers) {
    this(text, max, framers, Wait.forever(), Wait.forever());
  }

  private Framing(String text, int max, Supplier<Framer> framers, Wait within, Wait idle) {
    this.text = text;
    this.max = max;
    this.framers = framers;
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
    return new Framing(
        "lines(" + max + ")", positive(max), () -> new Delimited(ByteSequence.LF, max));
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
    return new Framing(
        "delimited(" + delimiter + ", " + max + ")", max, () -> new Delimited(delimiter, max));
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
        () -> new LengthPrefixed(lengthBytes, max));
  }

  /**
   * Frames of one size. A truncated frame at the end of the stream is a failure.
   *
   * @param size bytes, 1 or more
   * @return the framing
   */
  public static Framing fixed(int size) {
    return new Framing("fixed(" + size + ")", positive(size), () -> new Fixed(size));
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
    return new Framing("custom(" + max + ")", positive(max), framers);
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
    return new Framing(text, max, framers, Wait.upTo(positive(limit)), idle);
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
    return new Framing(text, max, framers, within, Wait.upTo(positive(limit)));
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

  private static final class Delimited implements Framer {
    private static final long EACH_BYTE = 0x0101010101010101L;
    private static final long HIGH_BITS = 0x8080808080808080L;

    private final ByteSequence delimiter;
    private final byte last;
    private final int max;
    // How far the last look got without a match, so that a long frame is not searched again for
    // each piece of it.
    private int seen;

    Delimited(ByteSequence delimiter, int max) {
      this.delimiter = delimiter;
      this.last = delimiter.byteAt(delimiter.length() - 1);
      this.max = max;
    }

    @Override
    public int frame(ByteBuffer bytes) throws IOException {
      int start = bytes.position();
      int length = delimiter.length();
      int available = Math.min(bytes.remaining(), max);
      int end = start + available;
      // Looks for the last byte, and then back.
      int at = start + Math.max(length - 1, Math.min(seen, available));
      while ((at = indexOf(last, bytes, at, end)) >= 0) {
        if (matches(bytes, at - length + 1)) {
          seen = 0;
          return at + 1 - start;
        }
        at++;
      }
      if (bytes.remaining() >= max) {
        throw new FrameTooLongException(
            "frame", "no delimiter " + delimiter + " within " + max + " bytes", max);
      }
      seen = available;
      return 0;
    }

    /** Where a byte is, from one place on and before another; -1 if it is not. */
    private static int indexOf(byte wanted, ByteBuffer bytes, int from, int end) {
      int i = from;
      if (bytes.order() == ByteOrder.BIG_ENDIAN) {
        long pattern = (wanted & 0xffL) * EACH_BYTE;
        for (; i <= end - Long.BYTES; i += Long.BYTES) {
          long others = bytes.getLong(i) ^ pattern;
          if ((others - EACH_BYTE & ~others & HIGH_BITS) != 0) {
            // One byte is zero. The highest bit of each that is, and of no other:
            long zeros = ~(((others & ~HIGH_BITS) + ~HIGH_BITS) | others | ~HIGH_BITS);
            return i + Long.numberOfLeadingZeros(zeros) / Byte.SIZE;
          }
        }
      }
      for (; i < end; i++) {
        if (bytes.get(i) == wanted) {
          return i;
        }
      }
      return -1;
    }

    private boolean matches(ByteBuffer bytes, int at) {
      for (int j = 0; j < delimiter.length() - 1; j++) {
        if (bytes.get(at + j) != delimiter.byteAt(j)) {
          return false;
        }
      }
      return true;
    }

    @Override
    public boolean partialAtEnd() {
      return true;
    }
  }

  private static final class LengthPrefixed implements Framer {
    private final int lengthBytes;
    private final int max;

    LengthPrefixed(int lengthBytes, int max) {
      this.lengthBytes = lengthBytes;
      this.max = max;
    }

    @Override
    public int frame(ByteBuffer bytes) throws IOException {
      if (bytes.remaining() < lengthBytes) {
        return 0;
      }
      long length = 0;
      for (int i = 0; i < lengthBytes; i++) {
        length = length << 8 | (bytes.get(bytes.position() + i) & 0xff);
      }
      if (length > max) {
        throw new FrameTooLongException(
            "frame",
            "a frame of " + length + " bytes was announced, at most " + max + " are allowed",
            max);
      }
      return bytes.remaining() < lengthBytes + length ? 0 : (int) (lengthBytes + length);
    }

    @Override
    public void strip(ByteBuffer frame) {
      frame.position(frame.position() + lengthBytes);
    }
  }
}
