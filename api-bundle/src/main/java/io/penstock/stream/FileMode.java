// SPDX-License-Identifier: Apache-2.0
package io.penstock.stream;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ProviderType;

/**
 * How a {@link ByteFile} reads and writes: what a line is, which bytes are held back, and what a
 * close of the file closes. The direction of the file follows from its origin: a source, a sink, or
 * a channel.
 *
 * <p>Immutable; each {@code with} method gives a changed copy. A new mode is unbuffered, ends lines
 * at line feeds only, and closes nothing but the file. Parity CF-01, CF-04, CF-07, CF-15.
 *
 * @param <L> what a line is: {@link ByteBuffer} or {@link String}
 */
@ProviderType
public final class FileMode<L> {
  /** What {@link ByteFile#close()} does after it has written the bytes held back. */
  @ProviderType
  public enum Closing {
    /** Only the file is closed; its source, sink or channel stays open (parity CF-03, CF-16). */
    FILE_ONLY,
    /** The output is ended, too, as {@link ByteSink#end()} says (parity CF-15). */
    END_OUTPUT,
    /** The source, sink or channel of the file is closed, too. */
    CLOSE_ALL
  }

  /** The most bytes that a line-buffered file holds back when no size was chosen: 8 KiB. */
  public static final int DEFAULT_BUFFER = 8192;

  /** Converts bytes to a line and back. */
  private interface Lines<L> {
    L decode(ByteBuffer line) throws CharacterCodingException;

    ByteBuffer encode(L line) throws CharacterCodingException;
  }

  private static final Lines<ByteBuffer> BYTES =
      new Lines<>() {
        @Override
        public ByteBuffer decode(ByteBuffer line) {
          return line;
        }

        @Override
        public ByteBuffer encode(ByteBuffer line) {
          return line;
        }
      };

  private final Lines<L> lines;
  private final @Nullable Charset charset;
  private final int buffer;
  private final boolean lineBuffering;
  private final boolean universalNewlines;
  private final Closing closing;

  private FileMode(
      Lines<L> lines,
      @Nullable Charset charset,
      int buffer,
      boolean lineBuffering,
      boolean universalNewlines,
      Closing closing) {
    this.lines = lines;
    this.charset = charset;
    this.buffer = buffer;
    this.lineBuffering = lineBuffering;
    this.universalNewlines = universalNewlines;
    this.closing = closing;
  }

  /**
   * Lines are bytes.
   *
   * @return a mode with the defaults
   */
  public static FileMode<ByteBuffer> binary() {
    return new FileMode<>(BYTES, null, 0, false, false, Closing.FILE_ONLY);
  }

  /**
   * Lines are text. Bytes that are not text in that charset are reported, never replaced.
   *
   * @param charset one in which a line feed is the single byte 10
   * @return a mode with the defaults
   */
  public static FileMode<String> text(Charset charset) {
    Objects.requireNonNull(charset, "charset");
    Lines<String> lines =
        new Lines<>() {
          @Override
          public String decode(ByteBuffer line) throws CharacterCodingException {
            return charset.newDecoder().decode(line.duplicate()).toString();
          }

          @Override
          public ByteBuffer encode(String line) throws CharacterCodingException {
            return charset.newEncoder().encode(CharBuffer.wrap(line));
          }
        };
    return new FileMode<>(lines, charset, 0, false, false, Closing.FILE_ONLY);
  }

  /**
   * Chooses a buffer. Writes are held back until that many bytes are gathered, and are then sent at
   * once. Reads may fetch up to that many bytes more than were asked for. Bytes that were fetched
   * but not asked for are back on the source after the close of the file.
   *
   * @param bytes 0 for none: every write goes at once, and no read fetches anything ahead; at most
   *     1 GiB
   * @return a changed copy
   * @throws IllegalArgumentException if {@code bytes} is out of that range
   */
  public FileMode<L> withBuffer(int bytes) {
    if (bytes < 0 || bytes > 1 << 30) {
      throw new IllegalArgumentException("the buffer is " + bytes + " bytes, expected 0 to 1 GiB");
    }
    return new FileMode<>(lines, charset, bytes, lineBuffering, universalNewlines, closing);
  }

  /**
   * Chooses whether writes are held back until their line is complete: everything up to the last
   * line feed is sent at once, and so are bytes that exceed the buffer ({@link #DEFAULT_BUFFER}
   * where none was chosen).
   *
   * @param value true to hold back
   * @return a changed copy
   */
  public FileMode<L> withLineBuffering(boolean value) {
    return new FileMode<>(lines, charset, buffer, value, universalNewlines, closing);
  }

  /**
   * Chooses whether a carriage return, alone or with a line feed after it, also ends a line. All
   * three newlines are then returned as a line feed, and {@link ByteFile#newlines()} tells which
   * were seen.
   *
   * @param value false for line feeds only; a carriage return before one is then returned unchanged
   * @return a changed copy
   */
  public FileMode<L> withUniversalNewlines(boolean value) {
    return new FileMode<>(lines, charset, buffer, lineBuffering, value, closing);
  }

  /**
   * Chooses what closing the file closes.
   *
   * @param value the choice
   * @return a changed copy
   */
  public FileMode<L> withClosing(Closing value) {
    return new FileMode<>(
        lines,
        charset,
        buffer,
        lineBuffering,
        universalNewlines,
        Objects.requireNonNull(value, "closing"));
  }

  /**
   * The charset of the lines.
   *
   * @return empty for {@link #binary()}
   */
  public Optional<Charset> charset() {
    return Optional.ofNullable(charset);
  }

  /**
   * The size of the buffer.
   *
   * @return bytes; 0 for none
   */
  public int buffer() {
    return buffer;
  }

  /**
   * Whether writes are held back until their line is complete.
   *
   * @return the choice
   */
  public boolean lineBuffering() {
    return lineBuffering;
  }

  /**
   * Whether carriage returns end lines, too.
   *
   * @return the choice
   */
  public boolean universalNewlines() {
    return universalNewlines;
  }

  /**
   * What closing the file closes.
   *
   * @return the choice
   */
  public Closing closing() {
    return closing;
  }

  /**
   * Makes a line of its bytes.
   *
   * @param line the bytes, which the result may share
   * @return the line
   * @throws CharacterCodingException if they are not text in the charset
   */
  public L decode(ByteBuffer line) throws CharacterCodingException {
    return lines.decode(line);
  }

  /**
   * Gives the bytes of a line.
   *
   * @param line the line
   * @return its bytes, which may be shared with it
   * @throws CharacterCodingException if the charset cannot express it
   */
  public ByteBuffer encode(L line) throws CharacterCodingException {
    return lines.encode(line);
  }

  @Override
  public String toString() {
    StringBuilder text = new StringBuilder(charset == null ? "binary" : "text in " + charset);
    if (lineBuffering) {
      text.append(", line-buffered");
    }
    if (buffer > 0) {
      text.append(", buffer of ").append(buffer);
    }
    if (universalNewlines) {
      text.append(", universal newlines");
    }
    if (closing != Closing.FILE_ONLY) {
      text.append(closing == Closing.END_OUTPUT ? ", close ends the output" : ", close closes all");
    }
    return text.toString();
  }
}
