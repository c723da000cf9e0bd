// SPDX-License-Identifier: Apache-2.0
package io.penstock.spi.content;

import java.nio.ByteBuffer;
import org.osgi.annotation.versioning.ProviderType;

/** Bytes at a position of the stream. Immutable. */
@ProviderType
public final class Block {
  private final long position;
  private final byte[] bytes;
  private final int from;
  private final int length;

  /**
   * Takes an array over, which is not changed from then on.
   *
   * @param position of the first byte in the stream
   * @param bytes may be longer than what is used of it
   * @param from where the first byte is in the array
   * @param length how many bytes there are
   */
  public Block(long position, byte[] bytes, int from, int length) {
    this.position = position;
    this.bytes = bytes;
    this.from = from;
    this.length = length;
  }

  /**
   * Where it begins.
   *
   * @return the position of the first byte
   */
  public long position() {
    return position;
  }

  /**
   * How long it is.
   *
   * @return in bytes
   */
  public int length() {
    return length;
  }

  /**
   * Where it ends.
   *
   * @return the position behind the last byte
   */
  public long end() {
    return position + length;
  }

  /**
   * How much memory it takes up.
   *
   * @return in bytes
   */
  public int weight() {
    return bytes.length;
  }

  /**
   * Copies some of the bytes.
   *
   * @param start which byte of the block is the first
   * @param dst has room for them
   * @param count how many
   */
  public void copy(int start, ByteBuffer dst, int count) {
    dst.put(bytes, from + start, count);
  }

  /**
   * All bytes, in an array of their own length. That is the array of the block where it fits; the
   * caller does not change it.
   *
   * @return the bytes
   */
  public byte[] bytes() {
    return from == 0 && length == bytes.length
        ? bytes
        : java.util.Arrays.copyOfRange(bytes, from, from + length);
  }
}
