// SPDX-License-Identifier: Apache-2.0
package io.penstock.spi.content;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Where a stream has ended, or was cut. Immutable.
 *
 * @param position behind the last byte
 * @param cut why it was cut; null for an end
 */
@ProviderType
public record Mark(long position, @Nullable String cut) {
  private static final int HEAD = 13;
  private static final int MOST = 4096;

  /**
   * The mark as bytes, with a checksum. Of a long text the first 4096 bytes are kept.
   *
   * @return for {@link #decoded}
   */
  public byte[] encoded() {
    byte[] text = cut == null ? new byte[0] : cut.getBytes(StandardCharsets.UTF_8);
    int length = Math.min(text.length, MOST);
    ByteBuffer all = ByteBuffer.allocate(HEAD + length);
    all.putInt(0).putLong(position).put((byte) (cut == null ? 0 : 1)).put(text, 0, length);
    return all.putInt(0, crc(all.array())).array();
  }

  /**
   * Reads a mark.
   *
   * @param all as {@link #encoded} gave it
   * @return null if it is not what was written
   */
  public static @Nullable Mark decoded(byte[] all) {
    if (all.length < HEAD || ByteBuffer.wrap(all).getInt() != crc(all)) {
      return null;
    }
    ByteBuffer in = ByteBuffer.wrap(all).position(4);
    long position = in.getLong();
    boolean isCut = in.get() == 1;
    return new Mark(position, isCut ? StandardCharsets.UTF_8.decode(in).toString() : null);
  }

  // Written out: the JDK (17) remembers the component types of a record whose equals it has made,
  // and with one of ours the class loader of a bundle that has gone.
  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof Mark that && position == that.position && Objects.equals(cut, that.cut);
  }

  @Override
  public int hashCode() {
    return Long.hashCode(position);
  }

  private static int crc(byte[] all) {
    CRC32C crc = new CRC32C();
    crc.update(all, 4, all.length - 4);
    return (int) crc.getValue();
  }
}
