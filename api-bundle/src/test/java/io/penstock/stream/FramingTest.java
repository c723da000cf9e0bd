// SPDX-License-Identifier: Apache-2.0
package io.penstock.stream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** What goes on the wire, and what cannot. */
class FramingTest {
  private static final ByteSequence ABA = ByteSequence.utf8("aba");

  private static ByteBuffer bytes(String text) {
    return ByteBuffer.wrap(text.getBytes(StandardCharsets.ISO_8859_1));
  }

  private static String encoded(Framing framing, String payload) {
    ByteBuffer given = bytes(payload).asReadOnlyBuffer();
    ByteBuffer encoded = framing.encode(given);
    assertEquals(0, given.position());
    assertEquals(payload.length(), given.remaining());
    // The same comes out in a buffer of the caller's, if that has room for it.
    ByteBuffer large = ByteBuffer.allocate(encoded.remaining() + 20).position(3);
    assertSame(large, framing.encode(given, large));
    assertEquals(encoded, large);
    ByteBuffer small = ByteBuffer.allocate(encoded.remaining() - 1);
    ByteBuffer fresh = framing.encode(given, small);
    assertNotSame(small, fresh);
    assertEquals(encoded, fresh);
    assertEquals(payload.length(), given.remaining());
    return StandardCharsets.ISO_8859_1.decode(encoded).toString();
  }

  private static void refused(Framing framing, String payload, String why) {
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> framing.encode(bytes(payload)));
    assertEquals(framing + ": the frame " + why, e.getMessage());
    ByteBuffer spare = ByteBuffer.allocate(99);
    e = assertThrows(IllegalArgumentException.class, () -> framing.encode(bytes(payload), spare));
    assertEquals(framing + ": the frame " + why, e.getMessage());
  }

  @Test
  void aLineGetsItsLineFeedUnlessItHasIt() {
    assertEquals("abc\n", encoded(Framing.lines(4), "abc"));
    assertEquals("abc\n", encoded(Framing.lines(4), "abc\n"));
    assertEquals("\n", encoded(Framing.lines(4), ""));
    assertEquals("\n", encoded(Framing.lines(4), "\n"));
  }

  @Test
  void aLineThatWouldBeTwoIsRefused() {
    refused(
        Framing.lines(9),
        "a\nb",
        "of 3 bytes has the delimiter 0x0a at byte 1, expected at most one, at its end");
    refused(
        Framing.lines(9),
        "a\n\n",
        "of 3 bytes has the delimiter 0x0a at byte 1, expected at most one, at its end");
  }

  @Test
  void aLineThatIsTooLongIsRefused() {
    refused(Framing.lines(4), "abcd", "has 5 bytes with its delimiter, at most 4 are allowed");
    refused(Framing.lines(4), "abcde", "has 5 bytes, at most 4 are allowed");
  }

  @Test
  void aDelimiterThatBeginsWithinTheFrameIsRefused() {
    Framing framing = Framing.delimited(ABA, 9);
    assertEquals("xaba", encoded(framing, "x"));
    assertEquals("xaba", encoded(framing, "xaba"));
    // The reader would find its delimiter two bytes early.
    refused(
        framing,
        "xab",
        "of 3 bytes has the delimiter " + ABA + " at byte 1, expected at most one, at its end");
  }

  @Test
  void aLengthComesFirstWithItsMostSignificantByte() {
    assertEquals("\3abc", encoded(Framing.lengthPrefixed(1, 9), "abc"));
    assertEquals("\0\0\0\3abc", encoded(Framing.lengthPrefixed(4, 9), "abc"));
    assertEquals(
        "\1\2" + "a".repeat(258), encoded(Framing.lengthPrefixed(2, 999), "a".repeat(258)));
    assertEquals("\0\0", encoded(Framing.lengthPrefixed(2, 9), ""));
  }

  @Test
  void whatALengthCannotTellIsRefused() {
    refused(Framing.lengthPrefixed(2, 9), "1234567890", "has 10 bytes, at most 9 are allowed");
    refused(
        Framing.lengthPrefixed(1, 999), "a".repeat(256), "has 256 bytes, at most 255 are allowed");
  }

  @Test
  void onlyTheFixedSizeIsAccepted() {
    assertEquals("abc", encoded(Framing.fixed(3), "abc"));
    refused(Framing.fixed(3), "ab", "has 2 bytes, expected exactly 3");
    refused(Framing.fixed(3), "abcd", "has 4 bytes, expected exactly 3");
  }

  @Test
  void bytesAreCopiedAsTheyAre() {
    assertEquals("a\nb", encoded(Framing.bytes(), "a\nb"));
    ByteBuffer given = bytes("abc");
    assertNotSame(given.array(), Framing.bytes().encode(given).array());
  }

  @Test
  void anEncoderIsAskedOnceForEachFrame() {
    AtomicInteger count = new AtomicInteger();
    Framing numbered =
        Framing.custom(9, Framing.bytes()::newFramer, frame -> bytes("" + count.incrementAndGet()));
    assertEquals(bytes("1"), numbered.encode(bytes("abc"), ByteBuffer.allocate(0)));
    assertEquals(bytes("2"), numbered.encode(bytes("abc"), ByteBuffer.allocate(99)));
  }

  @Test
  void aDecoderAloneEncodesNothing() {
    Framing custom = Framing.custom(9, Framing.bytes()::newFramer);
    Exception e =
        assertThrows(UnsupportedOperationException.class, () -> custom.encode(bytes("abc")));
    assertEquals(
        "custom(9) has no encoder; give custom one, or write the bytes to the sink itself",
        e.getMessage());
  }

  @Test
  void limitsOfTimeKeepTheEncoder() {
    Framing limited =
        Framing.lines(4)
            .withFrameTimeout(Duration.ofSeconds(1))
            .withIdleTimeout(Duration.ofSeconds(2));
    assertEquals("abc\n", encoded(limited, "abc"));
  }
}
