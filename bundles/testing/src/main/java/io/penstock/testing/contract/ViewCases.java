// SPDX-License-Identifier: Apache-2.0
package io.penstock.testing.contract;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.error.StreamClosedException;
import io.penstock.error.StreamTimeoutException;
import io.penstock.error.WouldBlockException;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.Reader;
import java.io.Writer;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

/** An end as a stream and as text. */
abstract class ViewCases extends FileCases {
  private static final Wait SOON_OVER = Wait.upTo(Duration.ofMillis(5));

  // ---- streams

  @Case
  void inputStreamLosesNothingWhenALongReadFails() throws IOException {
    send("abc");
    arrived(3);
    InputStream in = source().inputStream();
    for (Wait wait : new Wait[] {SOON_OVER, NONE}) {
      source().readWait(wait);
      Class<? extends IOException> type =
          wait.equals(NONE) ? WouldBlockException.class : StreamTimeoutException.class;
      assertThrows(type, () -> in.readNBytes(5));
      assertThrows(type, () -> in.readNBytes(new byte[9], 1, 5));
      assertThrows(type, in::readAllBytes);
      assertEquals(3, source().available());
    }
    assertArrayEquals(bytes("ab").array(), in.readNBytes(2));
    send("de");
    sink().end();
    source().readWait(Wait.upTo(LONG));
    assertArrayEquals(bytes("cde").array(), in.readAllBytes());
    assertEquals(0, in.readNBytes(9).length);
    assertThrows(IllegalArgumentException.class, () -> in.readNBytes(-1));
  }

  @Case
  void inputStreamSkipsWhatIsThere() throws IOException {
    source().readWait(NONE);
    InputStream in = source().inputStream();
    assertEquals(0, in.skip(5));
    send("abcdef");
    arrived(6);
    assertEquals(4, in.skip(4));
    assertEquals(0, in.skip(0));
    assertEquals(0, in.skip(-1));
    assertEquals('e', in.read());
    sink().end();
    source().readWait(Wait.upTo(LONG));
    assertEquals(1, in.skip(Long.MAX_VALUE));
    assertEquals(0, in.skip(1));
    assertThrows(java.io.EOFException.class, () -> in.skipNBytes(1));
  }

  @Case
  void inputStreamMovesItsBytesToASinksStream() throws Exception {
    int size = 200_000;
    try (Subject other = kind().open()) {
      source().readWait(NONE);
      assertThrows(
          WouldBlockException.class,
          () -> source().inputStream().transferTo(other.sink().outputStream()));
      source().readWait(Wait.upTo(LONG));
      Task<Void> writer =
          asyncRun(
              () -> {
                sink().writeFully(bytes(size), Wait.upTo(LONG));
                sink().end();
              });
      Task<Long> mover =
          async(() -> source().inputStream().transferTo(other.sink().outputStream()));
      ByteBuffer moved = room(size);
      other.source().readFully(moved, Wait.upTo(LONG));
      assertEquals(bytes(size), moved.flip());
      assertEquals(size, mover.get());
      writer.get();
    }
  }

  @Case
  void closedStreamsThrowTheClosedType() throws IOException {
    InputStream in = source().inputStream();
    OutputStream out = sink().outputStream();
    in.close();
    in.close();
    out.close();
    assertThrows(StreamClosedException.class, in::read);
    assertThrows(StreamClosedException.class, () -> in.read(new byte[0]));
    assertThrows(StreamClosedException.class, in::available);
    assertThrows(StreamClosedException.class, () -> in.skip(1));
    assertThrows(StreamClosedException.class, () -> out.write('x'));
    assertThrows(StreamClosedException.class, () -> out.write(new byte[3]));
    assertThrows(StreamClosedException.class, out::flush);
  }

  // ---- text

  private Reader utf8() {
    source().readWait(Wait.upTo(LONG));
    return source().reader(StandardCharsets.UTF_8);
  }

  @Case
  void readerDecodesCharactersThatAreSplitAnywhere() throws IOException {
    String text = "a\u00e9\u20ac\ud83d\ude00z";
    Reader reader = utf8();
    for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
      sink().write(ByteBuffer.wrap(new byte[] {b}));
    }
    sink().end();
    StringBuilder got = new StringBuilder();
    char[] one = new char[3];
    // Room for one character, so that the two halves of a pair come apart.
    while (reader.read(one, 1, 1) == 1) {
      got.append(one[1]);
    }
    assertEquals(text, got.toString());
    assertEquals(-1, reader.read());
    assertEquals(0, reader.read(new char[0]));
  }

  @Case
  void readerReadsManyCharactersAtOnce() throws Exception {
    String text = "h\u00e9\u20ac\ud83d\ude00".repeat(20_000);
    Task<Void> writer =
        asyncRun(
            () -> {
              sink().writeFully(text, Wait.upTo(LONG));
              sink().end();
            });
    Reader reader = utf8();
    StringBuilder got = new StringBuilder();
    char[] some = new char[1000];
    int n;
    while ((n = reader.read(some)) >= 0) {
      got.append(some, 0, n);
    }
    assertTrue(text.contentEquals(got));
    writer.get();
  }

  @Case
  void readerTakesOnlyTheBytesOfWhatItReturns() throws IOException {
    send("h\u00e9llo");
    arrived(6);
    Reader reader = utf8();
    assertEquals('h', reader.read());
    assertEquals('\u00e9', reader.read());
    assertEquals(3, source().available());
    assertEquals("llo", receive(3));
  }

  @Case
  void readerReportsWhatIsNotTextAndLeavesTheBytes() throws IOException {
    sink().write(ByteBuffer.wrap(new byte[] {'a', (byte) 0xff, 'b'}));
    arrived(3);
    Reader reader = utf8();
    char[] some = new char[9];
    assertEquals(1, reader.read(some));
    assertThrows(CharacterCodingException.class, () -> reader.read(some));
    assertThrows(CharacterCodingException.class, reader::read);
    assertEquals(2, source().available());
    // A reader that knows the format reads it as bytes, and goes on.
    assertEquals(255, source().inputStream().read());
    assertEquals('b', reader.read());
    sink().write(ByteBuffer.wrap(new byte[] {(byte) 0xc3}));
    arrived(1);
    sink().write(ByteBuffer.wrap(new byte[] {'x'}));
    assertThrows(CharacterCodingException.class, reader::read);
    ByteBuffer both = room(2);
    source().readFully(both, Wait.upTo(LONG));
    assertEquals(ByteBuffer.wrap(new byte[] {(byte) 0xc3, 'x'}), both.flip());
  }

  @Case
  void readerReportsACharacterThatTheEndCutsShort() throws IOException {
    sink().write(ByteBuffer.wrap(new byte[] {'a', (byte) 0xe2, (byte) 0x82}));
    sink().end();
    Reader reader = utf8();
    assertEquals('a', reader.read());
    assertThrows(CharacterCodingException.class, reader::read);
    assertThrows(CharacterCodingException.class, reader::read);
    assertEquals(2, source().available());
    assertEquals(0xe2, source().inputStream().read());
    assertEquals(0x82, source().inputStream().read());
    assertEquals(-1, reader.read());
  }

  @Case
  void readerTellsWhetherItIsReadyAndWouldBlock() throws IOException {
    Reader reader = utf8();
    source().readWait(NONE);
    assertFalse(reader.ready());
    assertThrows(WouldBlockException.class, reader::read);
    sink().write(ByteBuffer.wrap(new byte[] {(byte) 0xc3}));
    arrived(1);
    assertFalse(reader.ready());
    assertThrows(WouldBlockException.class, reader::read);
    assertEquals(1, source().available());
    sink().write(ByteBuffer.wrap(new byte[] {(byte) 0xa9}));
    arrived(2);
    assertTrue(reader.ready());
    assertEquals(2, source().available(), "asking takes nothing");
    assertEquals('\u00e9', reader.read());
    assertFalse(reader.ready());
    sink().end();
    source().awaitReadable(Wait.upTo(LONG));
    assertTrue(reader.ready());
    assertEquals(-1, reader.read());
    reader.close();
    assertThrows(StreamClosedException.class, reader::ready);
  }

  @Case
  void readerWaitsForTheRestOfACharacter() throws Exception {
    sink().write(ByteBuffer.wrap(new byte[] {(byte) 0xc3}));
    arrived(1);
    Reader reader = utf8();
    Task<Integer> read = async(reader::read).waiting();
    assertThrows(IllegalStateException.class, reader::read, "another thread");
    sink().write(ByteBuffer.wrap(new byte[] {(byte) 0xa9}));
    assertEquals('\u00e9', read.get());
  }

  @Case
  void readerKeepsTheBytesOfACharacterThatDoesNotCome() throws IOException {
    sink().write(ByteBuffer.wrap(new byte[] {(byte) 0xe2, (byte) 0x82}));
    arrived(2);
    source().readWait(SOON_OVER);
    Reader reader = source().reader(StandardCharsets.UTF_8);
    assertThrows(StreamTimeoutException.class, reader::read);
    assertEquals(2, source().available());
    sink().write(ByteBuffer.wrap(new byte[] {(byte) 0xac}));
    source().readWait(Wait.upTo(LONG));
    assertEquals('\u20ac', reader.read());
  }

  @Case
  void textViewsCloseTheirOwnDirectionOnly() throws IOException {
    Reader reader = utf8();
    Writer writer = sink().writer(StandardCharsets.UTF_8);
    reader.close();
    reader.close();
    assertFalse(source().isOpen());
    assertTrue(sink().isOpen());
    assertThrows(StreamClosedException.class, reader::read);
    assertThrows(StreamClosedException.class, () -> reader.read(new char[0]));
    writer.close();
    writer.close();
    assertFalse(sink().isOpen());
    assertThrows(StreamClosedException.class, () -> writer.write("x"));
    assertThrows(StreamClosedException.class, () -> writer.write(""));
    assertThrows(StreamClosedException.class, writer::flush);
  }

  @Case
  void writerWritesTextAtOnce() throws IOException {
    Writer writer = sink().writer(StandardCharsets.UTF_8);
    writer.write("..h..", 2, 1);
    assertEquals("h", receive(1));
    writer.append('\u00e9').write("\ud83d");
    // A half alone is not written yet; nothing else is held.
    assertEquals("\u00e9", receive(2));
    writer.write("\ude00z".toCharArray());
    writer.flush();
    assertEquals("\ud83d\ude00z", receive(5));
    Writer wide = sink().writer(StandardCharsets.UTF_16BE);
    wide.write("\u20ac");
    ByteBuffer two = room(2);
    source().readFully(two, Wait.upTo(LONG));
    assertEquals(ByteBuffer.wrap(new byte[] {0x20, (byte) 0xac}), two.flip());
  }

  @Case
  void writerReportsWhatItsCharsetCannotSayAndWritesNothingOfIt() throws IOException {
    Writer ascii = sink().writer(StandardCharsets.US_ASCII);
    assertThrows(CharacterCodingException.class, () -> ascii.write("a\u00e9"));
    ascii.write("b");
    assertEquals("b", receive(1));
    Writer writer = sink().writer(StandardCharsets.UTF_8);
    assertThrows(CharacterCodingException.class, () -> writer.write("x\ude00"));
    writer.write("\ud83d");
    assertThrows(CharacterCodingException.class, writer::close, "half a character");
    assertFalse(sink().isOpen());
    assertEquals("", receiveAll());
  }

  @Case(needs = Trait.BOUNDED)
  void writerThrowsWouldBlockWhenFull() throws IOException {
    fill();
    sink().writeWait(NONE);
    Writer writer = sink().writer(StandardCharsets.UTF_8);
    assertThrows(WouldBlockException.class, () -> writer.write("x"));
  }
}
