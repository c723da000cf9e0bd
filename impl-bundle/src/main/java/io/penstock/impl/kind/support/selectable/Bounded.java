// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.support.selectable;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;

/**
 * Moves bytes in pieces of a sane size. The JDK copies a heap buffer into direct memory as large as
 * the whole buffer, and keeps that memory for the thread.
 */
public final class Bounded {
  /**
   * The most that is moved at once between the system and a buffer that is not direct, in bytes.
   */
  public static final int PIECE = 128 * 1024;

  /** What the JDK's non-blocking channels answer after {@code EINTR}, beside what they document. */
  private static final int INTERRUPTED = -3;

  /** The same for {@code EAGAIN}; most have it as 0. */
  private static final int NOTHING_NOW = -2;

  private Bounded() {}

  /** Reads as the channel does; a call that a signal has interrupted is made again. */
  public static int read(ReadableByteChannel channel, ByteBuffer dst) throws IOException {
    int limit = bound(dst);
    try {
      int n;
      do {
        n = channel.read(dst);
      } while (n == INTERRUPTED);
      return checked(n, -1);
    } finally {
      dst.limit(limit);
    }
  }

  /** Writes as the channel does; a call that a signal has interrupted is made again. */
  public static int write(WritableByteChannel channel, ByteBuffer src) throws IOException {
    int limit = bound(src);
    try {
      int n;
      do {
        n = channel.write(src);
      } while (n == INTERRUPTED);
      return checked(n, 0);
    } finally {
      src.limit(limit);
    }
  }

  /** Has a buffer end after a piece. Returns where it has ended. */
  private static int bound(ByteBuffer buffer) {
    int limit = buffer.limit();
    if (!buffer.isDirect() && buffer.remaining() > PIECE) {
      buffer.limit(buffer.position() + PIECE);
    }
    return limit;
  }

  private static int checked(int n, int least) throws IOException {
    if (n == NOTHING_NOW) {
      return 0;
    }
    if (n < least) {
      throw new IOException("the system answers " + n + " in place of a count");
    }
    return n;
  }
}
