// SPDX-License-Identifier: Apache-2.0
package io.penstock.testing.contract;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.error.BufferFullException;
import io.penstock.error.StreamTimeoutException;
import io.penstock.error.WouldBlockException;
import io.penstock.stream.ByteSequence;
import io.penstock.stream.PeekSource;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/** The short forms: they go by the limit of the end, and answers take the place of time-outs. */
abstract class OwnLimitCases extends Suite {
  private static final byte[] NO_TEXT = {'a', (byte) 0xc3, '('};

  @Case
  void readsWithoutALimitOfTheirOwnGoByTheSources() throws IOException {
    source().readWait(NONE);
    assertThrows(WouldBlockException.class, () -> source().readFully(room(1)));
    assertThrows(WouldBlockException.class, () -> source().readLine(StandardCharsets.UTF_8, 9));
    assertThrows(WouldBlockException.class, () -> source().readUntil(ByteSequence.LF, 9));
    assertThrows(WouldBlockException.class, () -> source().readAll(9));
    assertThrows(WouldBlockException.class, () -> source().readAllBytes(9));
    assertThrows(WouldBlockException.class, () -> source().readString(9));
    assertThrows(WouldBlockException.class, () -> source().awaitReadable());
    assertEquals(0, source().consume(9, run -> run.position(run.limit())));
    ByteBuffer nothing = source().take(9);
    assertEquals(0, nothing == null ? -1 : nothing.remaining());
    source().readWait(AT_ONCE);
    assertThrows(StreamTimeoutException.class, () -> source().awaitReadable());
    assertThrows(StreamTimeoutException.class, () -> source().readString(9));
  }

  @Case
  void readsWithoutALimitOfTheirOwnReturnWhatComes() throws Exception {
    source().readWait(Wait.upTo(LONG));
    send("line\r\nfield|ab");
    assertEquals("line", source().readLine(StandardCharsets.UTF_8, 99));
    assertEquals("field|", text(source().readUntil(ByteSequence.utf8("|"), 99)));
    ByteBuffer two = room(2);
    source().readFully(two);
    assertEquals("ab", text(two.flip()));
    send("looked");
    sink().end();
    source().awaitReadable();
    try (PeekSource peek = source().peek(99)) {
      two.clear();
      assertEquals(2, peek.read(two));
    }
  }

  @Case
  void transferWithoutALimitOfItsOwnGoesByTheSources() throws Exception {
    source().readWait(Wait.upTo(LONG));
    send("abc");
    try (Subject other = kind().open()) {
      assertEquals(3, source().transferTo(other.sink(), 3));
      other.source().readWait(Wait.upTo(LONG));
      ByteBuffer three = room(3);
      other.source().readFully(three);
      assertEquals("abc", text(three.flip()));
    }
  }

  @Case
  void everythingIsReadAsATextOrAnArray() throws Exception {
    source().readWait(Wait.upTo(LONG));
    send("gr\u00fcn");
    sink().end();
    assertThrows(BufferFullException.class, () -> source().readString(4));
    assertEquals("gr\u00fcn", source().readString(5));
    assertEquals("", source().readString(5));
    assertArrayEquals(new byte[0], source().readAllBytes(5));
    assertNull(source().readLine(StandardCharsets.UTF_8, 5));
  }

  @Case
  void whatIsNoTextStaysReadable() throws Exception {
    sink().writeFully(ByteBuffer.wrap(NO_TEXT), Wait.upTo(LONG));
    sink().end();
    assertThrows(CharacterCodingException.class, () -> source().readString(99, Wait.upTo(LONG)));
    assertArrayEquals(NO_TEXT, source().readAllBytes(99, Wait.upTo(LONG)));
  }

  @Case(needs = Trait.BOUNDED)
  void writesWithoutALimitOfTheirOwnGoByTheSinks() throws IOException {
    fill();
    sink().writeWait(NONE);
    assertThrows(WouldBlockException.class, () -> sink().writeFully(bytes("x")));
    assertThrows(WouldBlockException.class, () -> sink().writeFully("x"));
    assertThrows(WouldBlockException.class, () -> sink().writeFully(new ByteBuffer[] {bytes("x")}));
    assertThrows(WouldBlockException.class, () -> sink().awaitWritable());
    assertEquals(0, sink().give(bytes("x")));
    assertEquals(0, sink().give(bytes("x"), () -> {}));
    sink().writeWait(AT_ONCE);
    assertThrows(StreamTimeoutException.class, () -> sink().awaitWritable());
  }

  @Case
  void writesWithoutALimitOfTheirOwnAreDone() throws Exception {
    sink().writeWait(Wait.upTo(LONG));
    sink().awaitWritable();
    sink().writeFully("abc");
    assertEquals("abc", receive(3));
    sink().flush();
    sink().awaitEmpty();
  }

  @Case
  void whatIsNotReadableInTimeIsAnAnswer() throws Exception {
    assertFalse(source().tryAwaitReadable(NONE));
    assertFalse(source().tryAwaitReadable(Wait.millis(1)));
    assertFalse(source().readable().tryAwait(NONE));
    assertFalse(source().readable().tryAwait(AT_ONCE));
    send("a");
    assertTrue(source().tryAwaitReadable(Wait.upTo(LONG)));
    assertTrue(source().readable().tryAwait(Wait.upTo(LONG)));
  }

  @Case(needs = Trait.BOUNDED)
  void whatIsNotWritableInTimeIsAnAnswer() throws Exception {
    assertTrue(sink().tryAwaitWritable(Wait.upTo(LONG)));
    assertTrue(sink().tryAwaitEmpty(Wait.upTo(LONG)));
    fill();
    assertFalse(sink().tryAwaitWritable(NONE));
    assertFalse(sink().tryAwaitWritable(AT_ONCE));
  }
}
