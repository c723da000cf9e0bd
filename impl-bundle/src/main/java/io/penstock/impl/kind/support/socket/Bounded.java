// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.support.socket;

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

  private Bounded() {}

  /** Reads as the channel does. */
  public static int read(ReadableByteChannel channel, ByteBuffer dst) throws IOException {
    if (dst.isDirect() || dst.remaining() <= PIECE) {
      return channel.read(dst);
    }
    int limit = dst.limit();
    dst.limit(dst.position() + PIECE);
    try {
      return channel.read(dst);
    } finally {
      dst.limit(limit);
    }
  }

  /** Writes as the channel does. */
  public static int write(WritableByteChannel channel, ByteBuffer src) throws IOException {
    if (src.isDirect() || src.remaining() <= PIECE) {
      return channel.write(src);
    }
    int limit = src.limit();
    src.limit(src.position() + PIECE);
    try {
      return channel.write(src);
    } finally {
      src.limit(limit);
    }
  }
}
