// SPDX-License-Identifier: Apache-2.0
package io.penstock.operator;

import java.nio.ByteBuffer;
import java.util.Locale;

/** Bytes as hexadecimal digits beside their characters. Stateless. */
final class HexDump {
  private static final int WIDTH = 16;

  private HexDump() {}

  /**
   * Writes bytes.
   *
   * @param prefix what each line begins with
   * @param offset of the first byte
   * @param bytes from position to limit, which stay
   * @return lines of up to 16 bytes, each with a line feed
   */
  static String of(String prefix, long offset, ByteBuffer bytes) {
    StringBuilder text = new StringBuilder(bytes.remaining() * 5 + 32);
    for (int at = bytes.position(); at < bytes.limit(); at += WIDTH) {
      text.append(prefix)
          .append(String.format(Locale.ROOT, "%08x ", offset + at - bytes.position()));
      StringBuilder characters = new StringBuilder(WIDTH);
      for (int i = at; i < at + WIDTH; i++) {
        text.append((i - at) % (WIDTH / 2) == 0 ? " " : "");
        if (i < bytes.limit()) {
          int value = bytes.get(i) & 0xff;
          text.append(String.format(Locale.ROOT, "%02x ", value));
          characters.append(value >= ' ' && value < 0x7f ? (char) value : '.');
        } else {
          text.append("   ");
        }
      }
      text.append(" |").append(characters).append("|\n");
    }
    return text.toString();
  }
}
