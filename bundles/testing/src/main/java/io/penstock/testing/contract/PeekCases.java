// SPDX-License-Identifier: Apache-2.0
package io.penstock.testing.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.error.NotSupportedException;
import io.penstock.error.StreamClosedException;
import io.penstock.error.StreamTimeoutException;
import io.penstock.stream.PeekSource;
import io.penstock.stream.PeekSource.From;
import io.penstock.stream.Terminator;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.OptionalLong;

/** A source that is looked at before it is read. */
abstract class PeekCases extends ReadinessCases {
  private static final Wait SOON_OVER = Wait.upTo(Duration.ofMillis(5));

  private PeekSource peekAll(int limit) throws IOException {
    return source().peek(limit, Wait.upTo(LONG));
  }

  @Case
  void peekOfAWholeSourceKnowsItsLengthAndSeeks() throws IOException {
    send("abc");
    send("de");
    sink().end();
    PeekSource peek = peekAll(6);
    assertTrue(peek.seekable());
    assertEquals(OptionalLong.of(5), peek.length());
    assertEquals("abc", text(peek.peek(3)));
    assertEquals("abcde", text(peek.peek(Integer.MAX_VALUE)));
    ByteBuffer dst = room(2);
    assertEquals(2, peek.read(dst));
    assertEquals("ab", text(dst.flip()));
    assertEquals(2, peek.tell());
    assertEquals("cde", text(peek.peek(9)));
    peek.seek(-1, From.END);
    assertEquals(1, peek.read(room(9)));
    assertEquals(-1, peek.read(room(9)));
    assertEquals(0, peek.peek(9).remaining());
    peek.seek(-4, From.CURRENT);
    assertEquals("bcde", text(peek.peek(9)));
    peek.seek(9, From.START);
    assertEquals(9, peek.tell());
    assertEquals(-1, peek.read(room(1)));
    assertEquals(0, peek.peek(1).remaining());
    assertThrows(IllegalArgumentException.class, () -> peek.seek(-10, From.CURRENT));
    assertThrows(IllegalArgumentException.class, () -> peek.seek(Long.MAX_VALUE, From.CURRENT));
    assertEquals(9, peek.tell(), "a refused seek moves nothing");
    peek.seek(0, From.START);
    assertEquals(5, peek.read(room(9), NONE));
  }

  @Case
  void peekOfExactlyTheLimitHasNotSeenTheEnd() throws IOException {
    send("abcde");
    sink().end();
    PeekSource peek = peekAll(5);
    assertFalse(peek.seekable());
    assertEquals(OptionalLong.empty(), peek.length());
    assertEquals(5, peek.read(room(9)));
    assertEquals(-1, peek.read(room(9)));
  }

  @Case
  void peekOfAnEmptySourceIsSeekableUnlessNothingMayBeReadAhead() throws IOException {
    sink().end();
    PeekSource none = peekAll(0);
    assertFalse(none.seekable());
    PeekSource peek = peekAll(1);
    assertEquals(OptionalLong.of(0), peek.length());
    assertEquals(-1, peek.read(room(9)));
    assertThrows(IllegalArgumentException.class, () -> source().peek(-1, NONE));
  }

  @Case
  void peekOfABlockedSourceTakesWhatIsThere() throws IOException {
    send("abc");
    arrived(3);
    PeekSource peek = source().peek(10, NONE);
    assertEquals(OptionalLong.empty(), peek.length());
    assertThrows(NotSupportedException.class, () -> peek.seek(0, From.START));
    assertThrows(NotSupportedException.class, peek::tell);
    assertEquals("abc", text(peek.peek(9)));
    assertEquals(0, peek.read(room(0)));
    ByteBuffer dst = room(20);
    assertEquals(3, peek.read(dst, NONE));
    assertEquals(0, peek.read(dst, NONE));
    assertEquals(0, peek.peek(9).remaining());
    send("def");
    while (dst.position() < 6) {
      assertTrue(peek.read(dst, Wait.upTo(LONG)) > 0);
    }
    assertEquals("abcdef", text(dst.flip()));
    source().readWait(AT_ONCE);
    assertThrows(StreamTimeoutException.class, () -> peek.read(room(1)));
  }

  @Case
  void peekReadStopsWhereTheSourceGoesOn() throws IOException {
    send("0123456789abcdef");
    arrived(16);
    PeekSource peek = source().peek(10, NONE);
    assertEquals(8, peek.read(room(8)));
    assertEquals("89", text(peek.peek(3)));
    assertEquals(2, peek.read(room(20)));
    assertEquals(0, peek.peek(3).remaining());
    ByteBuffer rest = room(20);
    while (rest.position() < 6) {
      assertTrue(peek.read(rest, Wait.upTo(LONG)) > 0);
    }
    assertEquals("abcdef", text(rest.flip()));
  }

  @Case
  void peekWaitsAsLongAsItWasTold() throws Exception {
    Task<PeekSource> peeking = async(() -> source().peek(10, FOREVER)).waiting();
    send("abc");
    sink().end();
    PeekSource peek = peeking.get();
    assertEquals(OptionalLong.of(3), peek.length());
    assertEquals("abc", text(peek.peek(10)));
  }

  @Case
  void peekWhoseWaitPassesIsNoError() throws IOException {
    send("abc");
    arrived(3);
    PeekSource peek = source().peek(10, SOON_OVER);
    assertFalse(peek.seekable());
    assertEquals(3, peek.read(room(9)));
  }

  @Case
  void peekIsForReadingOnly() throws IOException {
    send("abc");
    arrived(3);
    PeekSource peek = source().peek(10, NONE);
    assertFalse(WritableByteChannel.class.isInstance(peek));
    assertTrue(peek.peek(1).isReadOnly());
    assertThrows(IllegalArgumentException.class, () -> peek.read(room(1).asReadOnlyBuffer()));
    assertThrows(IllegalArgumentException.class, () -> peek.peek(-1));
    assertEquals(source().name(), peek.name());
    assertTrue(peek.toString().contains(peek.name()), peek::toString);
    assertTrue(peek.isOpen());
  }

  @Case
  void peekIsGivenBackByItsClose() throws IOException {
    send("abc\ndef");
    arrived(7);
    PeekSource peek = source().peek(10, NONE);
    assertEquals("abc", text(peek.peek(3)));
    peek.close();
    peek.close();
    assertFalse(peek.isOpen());
    assertTrue(source().isOpen());
    assertThrows(StreamClosedException.class, () -> peek.read(room(1)));
    assertThrows(StreamClosedException.class, () -> peek.peek(1));
    assertEquals(
        "abc", source().readLine(StandardCharsets.UTF_8, 100, Terminator.STRIP, Wait.upTo(LONG)));
    try (PeekSource rest = source().peek(10, NONE)) {
      assertEquals(1, rest.read(room(1)));
    }
    ByteBuffer left = room(2);
    source().readFully(left, Wait.upTo(LONG));
    assertEquals("ef", text(left.flip()));
  }

  @Case
  void peekOfAClosedSourceIsClosed() throws IOException {
    send("abc");
    arrived(3);
    PeekSource peek = source().peek(10, NONE);
    source().close();
    assertFalse(peek.isOpen());
    assertThrows(StreamClosedException.class, () -> peek.read(room(1)));
    assertThrows(StreamClosedException.class, () -> source().peek(1, NONE));
    peek.close();
  }
}
