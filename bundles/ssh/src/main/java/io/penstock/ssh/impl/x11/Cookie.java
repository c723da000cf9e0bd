// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.x11;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/**
 * What an X client shows in the first message of its connection, which the server has got from us,
 * and what takes its place, which only we know.
 */
public final class Cookie {
  /** How long a first message is at least. */
  public static final int HEADER = 12;

  /** How long a first message is at most; the protocol would allow more. */
  public static final int MAX_MESSAGE = 1024;

  private static final SecureRandom RANDOM = new SecureRandom();
  private static final byte BIG_ENDIAN = 'B';
  private static final byte LITTLE_ENDIAN = 'l';

  private final byte[] protocol;
  private final byte[] shown;
  private final byte[] real;

  /**
   * A cookie.
   *
   * @param protocol such as {@code MIT-MAGIC-COOKIE-1}
   * @param shown what is to be shown, in hex
   * @param real what takes its place, in hex
   */
  public Cookie(String protocol, String shown, String real) {
    this.protocol = protocol.getBytes(StandardCharsets.US_ASCII);
    this.shown = HexFormat.of().parseHex(shown);
    this.real = HexFormat.of().parseHex(real);
  }

  /** A cookie that cannot be guessed, in hex. */
  public static String fresh() {
    byte[] bits = new byte[16];
    RANDOM.nextBytes(bits);
    return HexFormat.of().formatHex(bits);
  }

  private static int padded(int length) {
    return (length + 3) / 4 * 4;
  }

  private static @Nullable ByteBuffer ordered(byte[] message) {
    ByteBuffer bytes = ByteBuffer.wrap(message);
    return switch (message[0]) {
      case BIG_ENDIAN -> bytes.order(ByteOrder.BIG_ENDIAN);
      case LITTLE_ENDIAN -> bytes.order(ByteOrder.LITTLE_ENDIAN);
      default -> null;
    };
  }

  /**
   * How long a first message is.
   *
   * @param header its first {@link #HEADER} bytes
   * @return -1 if it is none
   */
  public static int length(byte[] header) {
    ByteBuffer bytes = ordered(header);
    return bytes == null
        ? -1
        : HEADER
            + padded(Short.toUnsignedInt(bytes.getShort(6)))
            + padded(Short.toUnsignedInt(bytes.getShort(8)));
  }

  /** How long a first message with this cookie is. */
  public int expected() {
    return HEADER + padded(protocol.length) + padded(shown.length);
  }

  /**
   * Checks a first message.
   *
   * @param message the whole of it
   * @return the same with the real cookie; null if it shows another one
   */
  public byte @Nullable [] replaced(byte[] message) {
    ByteBuffer bytes = ordered(message);
    if (bytes == null
        || message.length != expected()
        || Short.toUnsignedInt(bytes.getShort(6)) != protocol.length
        || Short.toUnsignedInt(bytes.getShort(8)) != shown.length) {
      return null;
    }
    byte[] theirProtocol = new byte[protocol.length];
    bytes.get(HEADER, theirProtocol);
    byte[] theirCookie = new byte[shown.length];
    bytes.get(HEADER + padded(protocol.length), theirCookie);
    // Compares in constant time: a cookie that is wrong at its beginning is not refused sooner.
    if (!Arrays.equals(theirProtocol, protocol) || !MessageDigest.isEqual(theirCookie, shown)) {
      return null;
    }
    int start = HEADER + padded(protocol.length);
    ByteBuffer result = ByteBuffer.allocate(start + padded(real.length)).order(bytes.order());
    result.put(0, message, 0, start);
    result.putShort(8, (short) real.length);
    result.put(start, real);
    return result.array();
  }
}
