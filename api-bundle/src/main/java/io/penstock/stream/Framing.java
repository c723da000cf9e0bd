// SPDX-License-Identifier: Apache-2.0
package io.penstock.stream;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.Objects;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ProviderType;

/**
 * How a stream of bytes is cut into frames, and how a frame goes on the wire: for a poller, whose
 * events are frames, for {@link ByteSource#frames} and for {@link ByteSink#frames}. Immutable; each
 * stream gets a framer of its own. Every framing but {@link #bytes()} and {@link #fixed} has a
 * mandatory maximum, so that no peer can make us gather bytes without bound. Parity YA-07, YA-10,
 * YA-24.
 *
 * <p>Two limits protect against peers that are slow on purpose; a single byte does not restart
 * them: {@link #withFrameTimeout} for one frame, {@link #withIdleTimeout} for the silence between
 * two frames. A public server needs both.
 */
@ProviderType
public final class Framing {
  /** How frames look on the wire. */
  private interface Format {
    Framer framer(boolean skips);

    /** The most bytes that a frame takes up on the wire; fails if the frame is too long. */
    int most(int size, Framing framing);

    /** Makes of a frame what goes on the wire, where there is room for the most. */
    void encode(ByteBuffer payload, ByteBuffer into, Framing framing);
  }

  private record Delimits(ByteSequence delimiter, int max, boolean kept) implements Format {
    @Override
    public Framer framer(boolean skips) {
      return new DelimitedFramer(delimiter, max, kept, skips);
    }

    @Override
    public int most(int size, Framing framing) {
      return within(size, delimiter.length(), max, framing);
    }

    @Override
    public void encode(ByteBuffer payload, ByteBuffer into, Framing framing) {
      DelimitedFramer.encode(delimiter, max, kept, payload, into, framing);
    }
  }

  private record Prefixes(PrefixedFramer.Field field, int max) implements Format {
    @Override
    public Framer framer(boolean skips) {
      return new PrefixedFramer(field, max, skips);
    }

    @Override
    public int most(int size, Framing framing) {
      return within(size, field.most(size), Math.min(max, field.largest()), framing);
    }

    @Override
    public void encode(ByteBuffer payload, ByteBuffer into, Framing framing) {
      field.put(payload.remaining(), into);
      copy(payload, into);
    }
  }

  private record Sized(int size) implements Format {
    @Override
    public Framer framer(boolean skips) {
      return new Fixed(size);
    }

    @Override
    public int most(int given, Framing framing) {
      if (given != size) {
        throw new IllegalArgumentException(
            framing + ": the frame has " + given + " bytes, expected exactly " + size);
      }
      return size;
    }

    @Override
    public void encode(ByteBuffer payload, ByteBuffer into, Framing framing) {
      copy(payload, into);
    }
  }

  private record Pieces() implements Format {
    // It keeps nothing, so that one is enough for all.
    private static final Framer WHOLE = new Whole();

    @Override
    public Framer framer(boolean skips) {
      return WHOLE;
    }

    @Override
    public int most(int size, Framing framing) {
      return size;
    }

    @Override
    public void encode(ByteBuffer payload, ByteBuffer into, Framing framing) {
      copy(payload, into);
    }
  }

  /** The caller's: its encoder makes a buffer of its own. */
  private record Own(Supplier<Framer> framers, @Nullable UnaryOperator<ByteBuffer> encoder)
      implements Format {
    @Override
    public Framer framer(boolean skips) {
      return framers.get();
    }

    @Override
    public int most(int size, Framing framing) {
      return size;
    }

    ByteBuffer encode(ByteBuffer payload, Framing framing) {
      if (encoder == null) {
        throw new UnsupportedOperationException(
            framing + " has no encoder; give custom one, or write the bytes to the sink itself");
      }
      return encoder.apply(payload.asReadOnlyBuffer());
    }

    @Override
    public void encode(ByteBuffer payload, ByteBuffer into, Framing framing) {
      into.put(encode(payload, framing));
    }
  }

  private static final Framing BYTES = new Framing("bytes", Integer.MAX_VALUE, new Pieces());

  private final String text;
  private final int max;
  private final Format format;
  private final boolean skips;
  private final Wait within;
  private final Wait idle;

  private Framing(String text, int max, Format format) {
    this(text, max, format, false, Wait.forever(), Wait.forever());
  }

  private Framing(String text, int max, Format format, boolean skips, Wait within, Wait idle) {
    this.text = text;
    this.max = max;
    this.format = format;
    this.skips = skips;
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
        "lines(" + max + ")", positive(max), new Delimits(ByteSequence.LF, max, true));
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
        "delimited(" + delimiter + ", " + max + ")", max, new Delimits(delimiter, max, true));
  }

  /**
   * The same frames, delivered without their delimiter. Then {@link #encode} adds it to each frame,
   * and refuses a frame that has it already.
   *
   * @return a framing whose frames have no delimiter
   * @throws IllegalArgumentException if this is neither {@link #lines} nor {@link #delimited}
   */
  public Framing withoutDelimiter() {
    if (!(format instanceof Delimits delimits)) {
      throw new IllegalArgumentException(this + " has no delimiter; lines and delimited have one");
    }
    return new Framing(
        delimits.kept ? text + " without delimiter" : text,
        max,
        new Delimits(delimits.delimiter, max, false),
        skips,
        within,
        idle);
  }

  /**
   * Frames that begin with their length, most significant byte first. The length does not count
   * itself, and is not part of the event. A truncated frame at the end of the stream is a failure.
   *
   * @param lengthBytes 1 to 8
   * @param max the most bytes of a frame without its length; 1 or more
   * @return the framing
   */
  public static Framing lengthPrefixed(int lengthBytes, int max) {
    return lengthPrefixed(lengthBytes, ByteOrder.BIG_ENDIAN, max);
  }

  /**
   * Frames that begin with their length, a number without sign, in either order of its bytes. The
   * length does not count itself, and is not part of the event. A truncated frame at the end of the
   * stream is a failure.
   *
   * @param lengthBytes 1 to 8
   * @param order which byte of the length comes first
   * @param max the most bytes of a frame without its length; 1 or more
   * @return the framing
   */
  public static Framing lengthPrefixed(int lengthBytes, ByteOrder order, int max) {
    if (lengthBytes < 1 || lengthBytes > Long.BYTES) {
      throw new IllegalArgumentException("a length has 1 to 8 bytes, not " + lengthBytes);
    }
    boolean little = Objects.requireNonNull(order, "order") == ByteOrder.LITTLE_ENDIAN;
    return prefixed(
        "lengthPrefixed(" + lengthBytes + (little ? ", little-endian, " : ", ") + max + ")",
        lengthBytes,
        new PrefixedFramer.Fixed(lengthBytes, little),
        max);
  }

  /**
   * Frames that begin with their length as a varint, as Protocol Buffers write delimited messages:
   * seven bits in each byte, the least significant first, and the highest bit of a byte says that
   * more follow. The length does not count itself, and is not part of the event. A varint of more
   * than 10 bytes or 64 bits is refused with {@link java.net.ProtocolException}, and so is one that
   * fits in fewer bytes; it would need at most 5 for the largest {@code max}. A truncated frame at
   * the end of the stream is a failure.
   *
   * @param max the most bytes of a frame without its length; 1 or more
   * @return the framing
   */
  public static Framing varintPrefixed(int max) {
    PrefixedFramer.Field field = new PrefixedFramer.Varint();
    return prefixed("varintPrefixed(" + max + ")", field.most(max), field, max);
  }

  private static Framing prefixed(String text, int most, PrefixedFramer.Field field, int max) {
    if (max > Integer.MAX_VALUE - most) {
      throw new IllegalArgumentException(
          "max is " + max + ", expected at most " + (Integer.MAX_VALUE - most));
    }
    return new Framing(text, positive(max) + most, new Prefixes(field, max));
  }

  /**
   * Frames of one size. A truncated frame at the end of the stream is a failure.
   *
   * @param size bytes, 1 or more
   * @return the framing
   */
  public static Framing fixed(int size) {
    return new Framing("fixed(" + size + ")", positive(size), new Sized(size));
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
    return new Framing(
        "custom(" + max + ")",
        positive(max),
        new Own(Objects.requireNonNull(framers, "framers"), null));
  }

  /**
   * Frames that the caller's framer finds, and the caller's encoder makes.
   *
   * @param max the most bytes of a frame, as the other form says
   * @param framers makes one for each stream
   * @param encoder what {@link #encode} does: it gets the frame in a read-only buffer of its own,
   *     and returns a fresh buffer; it may be called by any thread
   * @return the framing
   */
  public static Framing custom(
      int max, Supplier<Framer> framers, UnaryOperator<ByteBuffer> encoder) {
    return new Framing(
        "custom(" + max + ")",
        positive(max),
        new Own(
            Objects.requireNonNull(framers, "framers"),
            Objects.requireNonNull(encoder, "encoder")));
  }

  /**
   * The same frames, with a limit for the time from the first byte of a frame to its last. The
   * limit holds however steadily the bytes arrive. If it passes, the source fails with {@link
   * io.penstock.error.StreamTimeoutException} and its bytes stay readable. A frame that has arrived
   * in time never fails, however late the poller looks for it. The time while the registration is
   * paused, or while there is no memory to read, does not count; at a {@link FrameSource}, only the
   * time counts that a caller waits or a subscriber has asked for a frame.
   *
   * @param limit more than zero
   * @return a framing with that limit
   * @throws IllegalArgumentException if {@code limit} is not more than zero, or this is {@link
   *     #bytes()}, which has no frames that could come slowly
   */
  public Framing withFrameTimeout(Duration limit) {
    if (format instanceof Pieces) {
      throw new IllegalArgumentException(
          "bytes has no frames that could come slowly; the silence can be limited, by withIdleTimeout");
    }
    return new Framing(text, max, format, skips, Wait.upTo(positive(limit)), idle);
  }

  /**
   * The same frames, with a limit for the silence before the first frame and between two frames. If
   * no byte of the next frame has come within the limit, the source fails with {@link
   * io.penstock.error.StreamTimeoutException}. The time while the registration is paused does not
   * count, as with {@link #withFrameTimeout}.
   *
   * @param limit more than zero
   * @return a framing with that limit
   * @throws IllegalArgumentException if {@code limit} is not more than zero
   */
  public Framing withIdleTimeout(Duration limit) {
    return new Framing(text, max, format, skips, within, Wait.upTo(positive(limit)));
  }

  /**
   * The same frames, and one that is longer than the maximum is skipped instead of a failure: its
   * bytes are dropped as they come, and the next frame is delivered. It is counted by {@link
   * FrameSource#skipped()} or {@code Registration.skipped()}. A peer can keep a skipped frame going
   * without end; {@link #withFrameTimeout} limits that, too. Frames of {@link #bytes()} and {@link
   * #fixed} are never too long.
   *
   * @return a framing that skips
   * @throws IllegalArgumentException if this is {@link #custom}, whose framer decides by itself,
   *     see {@link Framer#frame}
   */
  public Framing skippingTooLong() {
    if (format instanceof Own) {
      throw new IllegalArgumentException(
          this + ": a framer of your own skips by returning a number below zero");
    }
    boolean some = format instanceof Delimits || format instanceof Prefixes;
    return new Framing(text, max, format, some, within, idle);
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
    return Objects.requireNonNull(format.framer(skips), "framer");
  }

  /**
   * Makes of a frame what goes on the wire: {@link #lines} and {@link #delimited} add the delimiter
   * unless the frame ends with it already, {@link #lengthPrefixed} and {@link #varintPrefixed} put
   * the length in front, {@link #bytes()} and {@link #fixed} add nothing.
   *
   * <p>Every frame that was delivered is accepted, and comes out again as it was. Only a line
   * without its delimiter, such as the last of a stream, comes out with it, unless this framing is
   * {@link #withoutDelimiter()}.
   *
   * @param payload the frame as the framing delivers it; its position and limit stay as they are
   * @return a fresh buffer with the bytes on the wire between position and limit
   * @throws IllegalArgumentException if this framing would not deliver the frame as it is: it is
   *     longer than the maximum or than its length field can tell, it has a delimiter elsewhere
   *     than at its end, or it has not the fixed size
   * @throws UnsupportedOperationException if this is {@link #custom(int, Supplier)}, which has only
   *     a decoder
   */
  public ByteBuffer encode(ByteBuffer payload) {
    return encoded(payload, null);
  }

  /**
   * The same in a buffer of the caller's if it is large enough, for a loop that leaves no garbage.
   * The encoder of a {@link #custom} framing makes a buffer all the same.
   *
   * @param payload the frame as the framing delivers it; its position and limit stay as they are
   * @param spare another buffer; what is in it is lost, also if the call fails
   * @return {@code spare} if it has room for the frame with the longest addition, or a fresh
   *     buffer; with the bytes on the wire between position and limit
   * @throws IllegalArgumentException as the other form does
   * @throws UnsupportedOperationException as the other form does
   * @throws java.nio.ReadOnlyBufferException if {@code spare} is read-only
   */
  public ByteBuffer encode(ByteBuffer payload, ByteBuffer spare) {
    return encoded(payload, spare);
  }

  private ByteBuffer encoded(ByteBuffer payload, @Nullable ByteBuffer spare) {
    if (format instanceof Own own) {
      return own.encode(payload, this);
    }
    int most = format.most(payload.remaining(), this);
    ByteBuffer into =
        spare != null && most <= spare.capacity() ? spare.clear() : ByteBuffer.allocate(most);
    format.encode(payload, into, this);
    return into.flip();
  }

  /** What a frame takes up with what is added, if the frame alone is not too long. */
  private static int within(int size, int added, int max, Framing framing) {
    if (size > max) {
      throw tooLong(size + " bytes", max, framing);
    }
    return Math.addExact(size, added);
  }

  static IllegalArgumentException tooLong(String size, int max, Framing framing) {
    return new IllegalArgumentException(
        framing + ": the frame has " + size + ", at most " + max + " are allowed");
  }

  private static void copy(ByteBuffer payload, ByteBuffer into) {
    int size = payload.remaining();
    into.put(into.position(), payload, payload.position(), size).position(into.position() + size);
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
    return text
        + (skips ? ", skipping what is too long" : "")
        + limit(", a frame within ", within)
        + limit(", idle for ", idle);
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
