// SPDX-License-Identifier: Apache-2.0
package io.penstock.poller;

import io.penstock.error.FrameTooLongException;
import io.penstock.stream.ByteSequence;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.function.Supplier;
import org.osgi.annotation.versioning.ProviderType;

/**
 * How a stream of bytes is cut into events. Immutable; each stream gets a framer of its own. Every
 * framing but {@link #bytes()} and {@link #fixed} has a mandatory maximum, so that no peer can make
 * us gather without bound. Parity YA-07, YA-10, YA-24.
 */
@ProviderType
public final class Framing {
  private static final Framing BYTES = new Framing("bytes", Integer.MAX_VALUE, Whole::new);

  private final String text;
  private final int max;
  private final Supplier<Framer> framers;

  private Framing(String text, int max, Supplier<Framer> framers) {
    this.text = text;
    this.max = max;
    this.framers = framers;
  }

  /**
   * No frames: whatever was read.
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
   * Frames that begin with their length, most significant byte first, which counts neither itself
   * nor is part of the event. A cut-off frame at the end of the stream is a failure.
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
   * Frames of one size. A cut-off frame at the end of the stream is a failure.
   *
   * @param size bytes, 1 or more
   * @return the framing
   */
  public static Framing fixed(int size) {
    return new Framing("fixed(" + size + ")", positive(size), () -> new Fixed(size));
  }

  /**
   * Frames that a framer of the caller's finds.
   *
   * @param max the most bytes of a frame; when so many are there and the framer finds none, that is
   *     the frame-too-long failure
   * @param framers makes one for each stream
   * @return the framing
   */
  public static Framing custom(int max, Supplier<Framer> framers) {
    return new Framing("custom(" + max + ")", positive(max), framers);
  }

  private static int positive(int value) {
    if (value < 1) {
      throw new IllegalArgumentException("a frame has 1 byte or more, not " + value);
    }
    return value;
  }

  /**
   * A fresh framer for one stream.
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

  @Override
  public String toString() {
    return text;
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
    private final ByteSequence delimiter;
    private final int max;
    // How far the last look got without a match, so that a long frame is not looked through again
    // for each piece of it.
    private int seen;

    Delimited(ByteSequence delimiter, int max) {
      this.delimiter = delimiter;
      this.max = max;
    }

    @Override
    public int frame(ByteBuffer bytes) throws IOException {
      int start = bytes.position();
      int length = delimiter.length();
      int available = Math.min(bytes.remaining(), max);
      int from = Math.max(0, Math.min(seen, available) - length + 1);
      for (int i = from; i <= available - length; i++) {
        if (matches(bytes, start + i)) {
          seen = 0;
          return i + length;
        }
      }
      if (bytes.remaining() >= max) {
        throw new FrameTooLongException(
            "frame", "no delimiter " + delimiter + " within " + max + " bytes", max);
      }
      seen = available;
      return 0;
    }

    private boolean matches(ByteBuffer bytes, int at) {
      for (int j = 0; j < delimiter.length(); j++) {
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
