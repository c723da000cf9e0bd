// SPDX-License-Identifier: Apache-2.0
package io.penstock.stream;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import org.osgi.annotation.versioning.ProviderType;

/** A short immutable sequence of bytes, such as a delimiter. Safe for use by any thread. */
@ProviderType
public final class ByteSequence {
  /** A line feed. */
  public static final ByteSequence LF = of((byte) '\n');

  /** A carriage return and a line feed. */
  public static final ByteSequence CRLF = of((byte) '\r', (byte) '\n');

  private final byte[] bytes;

  private ByteSequence(byte[] bytes) {
    this.bytes = bytes;
  }

  /**
   * A sequence of the given bytes.
   *
   * @param bytes copied
   * @return the sequence
   */
  public static ByteSequence of(byte... bytes) {
    return new ByteSequence(bytes.clone());
  }

  /**
   * A sequence of the bytes of a text in UTF-8.
   *
   * @param text the text
   * @return the sequence
   */
  public static ByteSequence utf8(String text) {
    return new ByteSequence(text.getBytes(StandardCharsets.UTF_8));
  }

  /**
   * How many bytes it has.
   *
   * @return the length in bytes
   */
  public int length() {
    return bytes.length;
  }

  /**
   * One of its bytes.
   *
   * @param index from 0 to {@code length() - 1}
   * @return the byte there
   * @throws IndexOutOfBoundsException if there is none
   */
  public byte byteAt(int index) {
    return bytes[index];
  }

  /**
   * The bytes as a buffer.
   *
   * @return a fresh read-only view
   */
  public ByteBuffer asBuffer() {
    return ByteBuffer.wrap(bytes).asReadOnlyBuffer();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof ByteSequence that && Arrays.equals(bytes, that.bytes);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(bytes);
  }

  @Override
  public String toString() {
    return "0x" + HexFormat.of().formatHex(bytes);
  }
}
