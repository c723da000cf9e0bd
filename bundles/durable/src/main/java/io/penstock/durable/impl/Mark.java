// SPDX-License-Identifier: Apache-2.0
package io.penstock.durable.impl;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Where a stream has ended, or was cut.
 *
 * @param cut why it was cut; null for an end
 */
record Mark(long position, @Nullable String cut) {
  private static final int HEAD = 13;
  private static final int MOST = 4096;

  byte[] encoded() {
    byte[] text = cut == null ? new byte[0] : cut.getBytes(StandardCharsets.UTF_8);
    int length = Math.min(text.length, MOST);
    ByteBuffer all = ByteBuffer.allocate(HEAD + length);
    all.putInt(0).putLong(position).put((byte) (cut == null ? 0 : 1)).put(text, 0, length);
    return all.putInt(0, crc(all.array())).array();
  }

  /** The mark; null if it is not what was written. */
  static @Nullable Mark decoded(byte[] all) {
    if (all.length < HEAD || ByteBuffer.wrap(all).getInt() != crc(all)) {
      return null;
    }
    ByteBuffer in = ByteBuffer.wrap(all).position(4);
    long position = in.getLong();
    boolean isCut = in.get() == 1;
    return new Mark(position, isCut ? StandardCharsets.UTF_8.decode(in).toString() : null);
  }

  private static int crc(byte[] all) {
    CRC32C crc = new CRC32C();
    crc.update(all, 4, all.length - 4);
    return (int) crc.getValue();
  }
}
