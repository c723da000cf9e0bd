// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats.impl.pipe;

import io.nats.client.impl.Headers;
import io.penstock.spi.content.Block;
import io.penstock.spi.content.Mark;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * One message of a stream: what happened at a position. The header has all but the bytes, and a
 * checksum over both.
 *
 * @param kind what happened
 * @param epoch of the writer
 * @param number of the entry within its epoch, from 0
 * @param position of the first byte, or of the mark
 * @param stream how many marks there are before it
 * @param acked the last entry of its epoch that the writer knew to be taken when it made this one
 * @param bytes of data, or the text of a cut
 */
// Entries are never compared.
@SuppressWarnings("ArrayRecordComponent")
record Entry(
    Kind kind, long epoch, long number, long position, long stream, long acked, byte[] bytes) {
  private static final String HEADER = "Penstock";
  private static final String EXPECTED = "Nats-Expected-Last-Sequence";
  private static final int FIELDS = 7;
  private static final int MOST_TEXT = 4096;

  /** What happened. */
  enum Kind {
    /** A writer has begun. */
    OPEN,
    /** Bytes were written. */
    DATA,
    /** The stream has ended. */
    END,
    /** The stream was cut. */
    CUT
  }

  static Entry open(long epoch, long position, long stream) {
    return new Entry(Kind.OPEN, epoch, 0, position, stream, 0, new byte[0]);
  }

  static Entry data(long epoch, long number, Block block, long stream, long acked) {
    return new Entry(Kind.DATA, epoch, number, block.position(), stream, acked, block.bytes());
  }

  static Entry mark(long epoch, long number, Mark mark, long stream, long acked) {
    String cut = mark.cut();
    byte[] text = cut == null ? new byte[0] : cut.getBytes(StandardCharsets.UTF_8);
    byte[] kept = text.length > MOST_TEXT ? java.util.Arrays.copyOf(text, MOST_TEXT) : text;
    return new Entry(
        cut == null ? Kind.END : Kind.CUT, epoch, number, mark.position(), stream, acked, kept);
  }

  /** The position behind it. */
  long end() {
    return kind == Kind.DATA ? position + bytes.length : position;
  }

  /** How many marks there are up to and with it. */
  long streamAfter() {
    return kind == Kind.END || kind == Kind.CUT ? stream + 1 : stream;
  }

  Block block() {
    return new Block(position, bytes, 0, bytes.length);
  }

  Mark mark() {
    return new Mark(position, kind == Kind.CUT ? new String(bytes, StandardCharsets.UTF_8) : null);
  }

  /** What a message of it has; it is taken only behind the message of that number. */
  Headers headers(long last) {
    String text =
        kind.name().charAt(0)
            + " "
            + epoch
            + " "
            + number
            + " "
            + position
            + " "
            + stream
            + " "
            + acked
            + " ";
    return new Headers()
        .put(HEADER, text + Integer.toHexString(crc(text, bytes)))
        .put(EXPECTED, Long.toString(last));
  }

  /**
   * The same for the first one of a writer. Servers may count on from messages that they have lost,
   * and one that has been away tells of an old last message: the leader has to agree on both.
   *
   * @param counted the number that the servers have given last
   * @param newest the number of the last message that is there; 0 if there is none
   */
  Headers headers(long counted, long newest) {
    Headers headers = headers(counted);
    return counted == newest
        ? headers
        : headers.put(KeyStore.EXPECTED_OF_SUBJECT, Long.toString(newest));
  }

  private static int crc(String text, byte[] bytes) {
    CRC32C crc = new CRC32C();
    crc.update(text.getBytes(StandardCharsets.US_ASCII));
    crc.update(ByteBuffer.wrap(bytes));
    return (int) crc.getValue();
  }

  /** The entry of a message; null if it is not what was written. */
  static @Nullable Entry read(@Nullable Headers headers, byte @Nullable [] bytes) {
    String header = headers == null ? null : headers.getFirst(HEADER);
    byte[] all = bytes == null ? new byte[0] : bytes;
    String[] parts = header == null ? new String[0] : header.split(" ", -1);
    if (header == null || parts.length != FIELDS) {
      return null;
    }
    String text = header.substring(0, header.length() - parts[FIELDS - 1].length());
    try {
      if (Integer.parseUnsignedInt(parts[FIELDS - 1], 16) != crc(text, all)) {
        return null;
      }
      Kind kind =
          switch (parts[0]) {
            case "O" -> Kind.OPEN;
            case "D" -> Kind.DATA;
            case "E" -> Kind.END;
            case "C" -> Kind.CUT;
            default -> null;
          };
      return kind == null
          ? null
          : new Entry(
              kind,
              Long.parseLong(parts[1]),
              Long.parseLong(parts[2]),
              Long.parseLong(parts[3]),
              Long.parseLong(parts[4]),
              Long.parseLong(parts[5]),
              all);
    } catch (NumberFormatException e) {
      return null;
    }
  }
}
