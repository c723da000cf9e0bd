// SPDX-License-Identifier: Apache-2.0
package io.penstock.stream;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.util.OptionalLong;
import org.osgi.annotation.versioning.ProviderType;

/**
 * A source whose beginning was read ahead, so that it can be looked at before it is read. If the
 * whole source fitted in the limit, and its end was seen, the length is known and the view can
 * seek.
 *
 * <p>Until it is closed, bytes are read through this object; bytes that it has read ahead are not
 * on the source meanwhile. {@link #close()} gives back what was not read, and the source stays
 * open: a reader of lines, a poller or a relay then reads it as if no caller had looked. It is for
 * one thread at a time; other threads get an {@link IllegalStateException}. Any thread may close
 * it. Parity PY-42..47.
 *
 * <pre>{@code
 * try (PeekSource look = source.peek(3, Wait.upTo(Duration.ofSeconds(1)))) {
 *   ByteBuffer first = look.peek(1);
 *   tls = first.hasRemaining() && first.get(0) == 0x16;
 * }
 * }</pre>
 */
@ProviderType
public interface PeekSource extends ReadableByteChannel {
  /** What an offset counts from. */
  @ProviderType
  enum From {
    /** The first byte of the source. */
    START,
    /** The present position. */
    CURRENT,
    /** The end of the source. */
    END
  }

  /**
   * A label for errors and logs: that of the source.
   *
   * @return the name, never empty
   */
  String name();

  /**
   * Looks at bytes without moving. Never waits, and never looks beyond what was read ahead.
   *
   * @param max the most bytes to return, 0 or more; {@link Integer#MAX_VALUE} for all that are
   *     there
   * @return a read-only view of them, without a copy; empty when no byte that was read ahead is
   *     left, which does not mean the end
   * @throws IllegalArgumentException if {@code max} is negative
   * @throws IOException the closed type, after a local close
   */
  ByteBuffer peek(int max) throws IOException;

  /**
   * The length of the whole source.
   *
   * @return bytes; empty unless the whole source was read ahead and its end was seen
   */
  OptionalLong length();

  /**
   * Whether the length is known, so that {@link #seek} and {@link #tell} work.
   *
   * @return the same for the life of this object
   */
  boolean seekable();

  /**
   * Moves the position. A position beyond the end is allowed; reads there return the end.
   *
   * @param offset bytes, negative to go back
   * @param from what it counts from
   * @throws IllegalArgumentException if the new position would be negative; the old one stays
   * @throws IOException the not-supported type unless {@link #seekable()}, or the closed type
   */
  void seek(long offset, From from) throws IOException;

  /**
   * The position.
   *
   * @return bytes from the start of the source
   * @throws IOException the not-supported type unless {@link #seekable()}, or the closed type
   */
  long tell() throws IOException;

  /**
   * Reads under the source's {@link ByteSource#readWait()}: first the bytes that were read ahead,
   * then those of the source. One call does not join the two.
   *
   * @param dst filled from its position on; with nothing remaining the call returns 0 at once
   * @return how many bytes; 0 when told not to wait and there is nothing now; -1 at the end
   * @throws IOException as {@link ByteSource} says
   */
  @Override
  int read(ByteBuffer dst) throws IOException;

  /**
   * Reads with a given limit, otherwise like {@link #read(ByteBuffer)}.
   *
   * @param dst filled from its position on; with nothing remaining the call returns 0 at once
   * @param wait this call's own limit
   * @return how many bytes; 0 when told not to wait and there is nothing now; -1 at the end
   * @throws IOException as {@link ByteSource} says
   */
  int read(ByteBuffer dst, Wait wait) throws IOException;

  /**
   * Whether this look and its source are open.
   *
   * @return false after {@link #close()}, and after a local close of the source
   */
  @Override
  boolean isOpen();

  /**
   * Ends the look. Bytes that were read ahead and lie after the position are in front of the source
   * again, and the next reader of the source reads them first. The source stays open. A call of
   * another thread that waits in {@code read} goes on until its own limit. Never waits; idempotent.
   * Where the source was closed before, the bytes count among those that it has dropped.
   */
  @Override
  void close();
}
