// SPDX-License-Identifier: Apache-2.0
package io.penstock.testing.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.error.BufferFullException;
import io.penstock.error.NotSupportedException;
import io.penstock.error.StreamClosedException;
import io.penstock.error.StreamTimeoutException;
import io.penstock.error.WouldBlockException;
import io.penstock.stream.ByteFile;
import io.penstock.stream.FileMode;
import io.penstock.stream.Newline;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Set;

/** An end in the manner of a file. */
abstract class FileCases extends PeekCases {
  private static final FileMode<String> TEXT = FileMode.text(StandardCharsets.UTF_8);
  private static final FileMode<ByteBuffer> BINARY = FileMode.binary();
  private static final Wait SOON_OVER = Wait.upTo(Duration.ofMillis(5));

  private <L> ByteFile<L> reading(FileMode<L> mode) {
    source().readWait(Wait.upTo(LONG));
    return source().file(mode);
  }

  @Case
  void fileReadsExactlyWhatWasAskedForUnlessTheEndComesFirst() throws IOException {
    send("abc");
    send("def");
    sink().end();
    ByteFile<ByteBuffer> file = reading(BINARY);
    assertEquals(0, file.tell());
    assertEquals("abcd", text(file.read(4)));
    assertEquals("", text(file.read(0)));
    assertEquals("ef", text(file.read(1000)));
    assertNull(file.read(1));
    assertEquals("", text(file.read(0)));
    assertEquals(6, file.tell());
    assertThrows(IllegalArgumentException.class, () -> file.read(-1));
  }

  @Case
  void fileReadsEverythingWithinALimit() throws IOException {
    send("abcdef");
    sink().end();
    ByteFile<String> file = reading(TEXT);
    assertEquals(
        5, assertThrows(BufferFullException.class, () -> file.readAll(5)).count(), "the limit");
    assertEquals("abcdef", text(file.readAll(6)));
    assertEquals(0, file.readAll(0).remaining());
    assertThrows(IllegalArgumentException.class, () -> file.readAll(-1));
  }

  @Case
  void fileFillsACallersBuffer() throws IOException {
    send("abcde");
    sink().end();
    ByteFile<ByteBuffer> file = reading(BINARY);
    ByteBuffer dst = room(9).position(2).limit(5);
    assertEquals(3, file.readInto(dst));
    assertEquals("abc", text(dst.position(2)));
    assertEquals(0, file.readInto(room(0)));
    assertEquals(2, file.readInto(room(9)));
    assertEquals(-1, file.readInto(room(9)));
    assertThrows(IllegalArgumentException.class, () -> file.readInto(room(1).asReadOnlyBuffer()));
  }

  @Case
  void fileLosesNothingWhenAReadFails() throws IOException {
    send("abc");
    arrived(3);
    for (FileMode<String> mode : List.of(TEXT, TEXT.withBuffer(2), TEXT.withBuffer(100))) {
      source().readWait(SOON_OVER);
      ByteFile<String> file = source().file(mode);
      ByteBuffer dst = room(5);
      assertThrows(StreamTimeoutException.class, () -> file.read(5));
      assertThrows(StreamTimeoutException.class, () -> file.readAll(99));
      assertThrows(StreamTimeoutException.class, () -> file.readInto(dst));
      assertEquals(0, dst.position());
      assertThrows(StreamTimeoutException.class, file::readLine);
      assertThrows(StreamTimeoutException.class, () -> file.readLines(99));
      source().readWait(NONE);
      assertThrows(WouldBlockException.class, () -> file.read(5));
      assertThrows(WouldBlockException.class, file::readLine);
      assertEquals(3, source().available(), "with " + mode);
      assertEquals(0, file.tell());
    }
    assertEquals("abc", receive(3));
  }

  @Case
  void fileReadsLinesWithTheirNewlines() throws IOException {
    send("one\ntwo\r\n");
    send("thr");
    send("\ree\n\nlast");
    sink().end();
    ByteFile<String> file = reading(TEXT);
    assertEquals("one\n", file.readLine());
    assertEquals("two\r\n", file.readLine());
    assertEquals("thr\ree\n", file.readLine());
    assertEquals("\n", file.readLine());
    assertEquals("last", file.readLine());
    assertNull(file.readLine());
    assertEquals(Set.of(), file.newlines());
  }

  @Case
  void binaryFileReadsLinesAsBytes() throws IOException {
    sink().write(ByteBuffer.wrap(new byte[] {(byte) 0xff, '\n', 'x'}));
    sink().end();
    ByteFile<ByteBuffer> file = reading(BINARY);
    assertEquals(ByteBuffer.wrap(new byte[] {(byte) 0xff, '\n'}), file.readLine());
    assertEquals("x", text(file.readLine()));
    assertNull(file.readLine());
  }

  @Case
  void fileKnowsUniversalNewlinesAndWhichItSaw() throws IOException {
    ByteFile<String> file = reading(TEXT.withUniversalNewlines(true));
    send("a\r");
    // It does not wait for what may follow.
    assertEquals("a\n", file.readLine());
    assertEquals(Set.of(), file.newlines());
    send("\nb\n");
    assertEquals("b\n", file.readLine());
    assertEquals(EnumSet.of(Newline.CRLF, Newline.LF), file.newlines());
    send("c\r");
    assertEquals("c\n", file.readLine());
    send("\r");
    assertEquals("\n", file.readLine());
    assertEquals(EnumSet.allOf(Newline.class), file.newlines());
    send("\nd\r\ne\rf");
    sink().end();
    assertEquals("d\n", file.readLine());
    assertEquals("e\n", file.readLine());
    assertEquals("f", file.readLine());
    assertNull(file.readLine());
    // Positions are those of the stream: two bytes for a carriage return with its line feed.
    assertEquals(15, file.tell());
  }

  @Case
  void lineFeedAfterACarriageReturnIsSkippedByEveryRead() throws IOException {
    send("a\r");
    ByteFile<String> file = reading(TEXT.withUniversalNewlines(true));
    assertEquals("a\n", file.readLine());
    send("\nbc");
    assertEquals("b", text(file.read(1)));
    assertEquals("c", text(file.read(1)));
    send("d\r");
    assertEquals("d\n", file.readLine());
    sink().end();
    assertNull(file.readLine());
    assertEquals(EnumSet.of(Newline.CRLF, Newline.CR), file.newlines());
  }

  @Case
  void fileReturnsPiecesOfALineUpToACap() throws IOException {
    send("abcdefg\nh");
    sink().end();
    ByteFile<String> file = reading(TEXT);
    assertEquals("abc", file.readLine(3));
    assertEquals("", file.readLine(0));
    assertEquals("def", file.readLine(3));
    assertEquals("g\n", file.readLine(3));
    assertEquals("h", file.readLine(3));
    assertNull(file.readLine(3));
    assertThrows(IllegalArgumentException.class, () -> file.readLine(-1));
  }

  @Case
  void fileReportsWhatIsNotTextAndLeavesTheBytes() throws IOException {
    send("h\u00e9\n");
    arrived(4);
    ByteFile<String> file = reading(TEXT);
    assertEquals("h", file.readLine(1));
    assertThrows(CharacterCodingException.class, () -> file.readLine(1));
    assertEquals("\u00e9", file.readLine(2));
    assertEquals("\n", file.readLine(2));
    sink().write(ByteBuffer.wrap(new byte[] {'a', '\n', (byte) 0xff, '\n'}));
    arrived(4);
    assertThrows(CharacterCodingException.class, () -> file.readLines(99));
    assertEquals(4, source().available(), "the line before it, too");
    assertEquals("a\n", file.readLine());
    assertThrows(CharacterCodingException.class, file::readLine);
    assertThrows(CharacterCodingException.class, file::readLine);
    assertEquals(ByteBuffer.wrap(new byte[] {(byte) 0xff, '\n'}), file.read(2));
  }

  @Case
  void fileThatHasReadAheadPutsAllOfItBackWhenItFails() throws IOException {
    sink().write(ByteBuffer.wrap(new byte[] {(byte) 0xff, '\n', 'o', 'k', '\n'}));
    arrived(5);
    ByteFile<String> file = reading(TEXT.withBuffer(100));
    assertThrows(CharacterCodingException.class, file::readLine);
    assertEquals(5, source().available());
    assertEquals(ByteBuffer.wrap(new byte[] {(byte) 0xff, '\n'}), file.read(2));
    assertEquals("ok\n", file.readLine());
  }

  @Case
  void fileReadsALineThatIsLongerThanAnyBuffer() throws Exception {
    String much = "x".repeat(300_000) + "\n";
    Task<Void> writer = asyncRun(() -> sink().writeFully(much, Wait.upTo(LONG)));
    assertEquals(much, reading(TEXT).readLine());
    writer.get();
  }

  @Case
  void fileReadsLinesUpToAHint() throws IOException {
    send("ab\ncd\nef\ng");
    sink().end();
    ByteFile<String> file = reading(TEXT);
    assertEquals(List.of("ab\n"), file.readLines(3));
    assertEquals(List.of("cd\n", "ef\n"), file.readLines(4));
    assertEquals(List.of("g"), file.readLines(Long.MAX_VALUE));
    assertEquals(List.of(), file.readLines(1));
    assertThrows(IllegalArgumentException.class, () -> file.readLines(0));
  }

  @Case
  void fileIsIteratedByLines() throws IOException {
    send("a\nb\nc");
    sink().end();
    ByteFile<String> file = reading(TEXT);
    List<String> lines = new ArrayList<>();
    for (String line : file) {
      lines.add(line);
    }
    assertEquals(List.of("a\n", "b\n", "c"), lines);
    Iterator<String> iterator = file.iterator();
    assertFalse(iterator.hasNext());
    assertThrows(NoSuchElementException.class, iterator::next);
    file.close();
    assertTrue(
        assertThrows(UncheckedIOException.class, iterator::hasNext).getCause()
            instanceof StreamClosedException);
  }

  @Case
  void fileWithoutABufferTakesOnlyWhatItReturns() throws IOException {
    send("line\nabcdef");
    arrived(11);
    ByteFile<String> file = reading(TEXT);
    assertEquals("line\n", file.readLine());
    assertEquals("ab", text(file.read(2)));
    assertEquals("cdef", receive(4));
  }

  @Case
  void fileReadsAheadNoFurtherThanItsBufferAndGivesItBack() throws IOException {
    send("abcdef");
    arrived(6);
    ByteFile<ByteBuffer> file = reading(BINARY.withBuffer(4));
    assertEquals("ab", text(file.read(2)));
    assertEquals(2, source().available());
    file.close();
    assertEquals(4, source().available());
    assertEquals("cdef", receive(4));
  }

  @Case(needs = Trait.COUNTED)
  void fileHoldsWritesBackUntilItsBufferIsFull() throws IOException {
    ByteFile<ByteBuffer> file = sink().file(BINARY.withBuffer(16));
    file.write("0123456789");
    file.write("ab");
    counted(0);
    assertEquals(0, file.tell());
    file.write(bytes("cdefghi"));
    assertEquals("0123456789abcdefghi", receive(19));
    assertEquals(19, file.tell());
    file.write("rest");
    counted(0);
    file.flush();
    assertEquals("rest", receive(4));
  }

  @Case(needs = Trait.COUNTED)
  void lineBufferedFileSendsWholeLines() throws IOException {
    ByteFile<String> file = sink().file(TEXT.withLineBuffering(true));
    file.write("ab");
    counted(0);
    file.write("c\nd\nef");
    assertEquals("abc\nd\n", receive(6));
    counted(0);
    file.close();
    assertEquals("ef", receive(2));
  }

  @Case
  void fileWritesTextAndLinesAsTheyAre() throws IOException {
    ByteFile<String> file = sink().file(TEXT);
    file.write("h\u00e9");
    file.writeLines(List.of("a\n", "b"));
    file.flush();
    assertEquals("h\u00e9a\nb", receive(6));
    ByteFile<String> ascii = sink().file(FileMode.text(StandardCharsets.US_ASCII));
    assertThrows(CharacterCodingException.class, () -> ascii.write("x\u00e9"));
    sink().file(BINARY).writeLines(List.of(bytes("c"), bytes("\u00e9")));
    assertEquals("c\u00e9", receive(3));
    ByteFile<ByteBuffer> binary = sink().file(BINARY);
    binary.write(bytes("..xy").position(2));
    assertEquals("xy", receive(2));
    assertEquals(2, binary.tell());
  }

  @Case(needs = Trait.BOUNDED)
  void fileKeepsWhatCouldNotBeSent() throws IOException {
    long filled = fill();
    sink().writeWait(NONE);
    ByteFile<ByteBuffer> held = sink().file(BINARY.withBuffer(4));
    ByteBuffer data = bytes("abcdef");
    assertThrows(WouldBlockException.class, () -> held.write(data));
    assertFalse(data.hasRemaining(), "accepted");
    ByteBuffer more = bytes("gh");
    assertThrows(WouldBlockException.class, () -> held.write(more));
    assertEquals(2, more.remaining(), "no more than the buffer is held");
    ByteBuffer plain = bytes("xyz");
    assertThrows(WouldBlockException.class, () -> sink().file(BINARY).write(plain));
    assertEquals(3, plain.remaining());
    receivePattern(0, filled);
    sink().writeWait(Wait.upTo(LONG));
    held.flush();
    assertEquals("abcdef", receive(6));
  }

  @Case
  void fileCloseClosesTheFileOnly() throws IOException {
    ByteFile<String> out = sink().file(TEXT.withBuffer(100));
    ByteFile<String> in = reading(TEXT);
    out.write("abc");
    assertTrue(out.isOpen());
    out.close();
    out.close();
    in.close();
    assertFalse(out.isOpen());
    assertTrue(sink().isOpen() && source().isOpen() && !sink().ended());
    assertEquals("abc", receive(3));
    assertThrows(StreamClosedException.class, () -> out.write("x"));
    assertThrows(StreamClosedException.class, out::flush);
    assertThrows(StreamClosedException.class, () -> in.read(1));
    assertThrows(StreamClosedException.class, in::readLine);
  }

  @Case
  void fileCloseEndsTheOutputOnRequest() throws IOException {
    ByteFile<String> out =
        sink().file(TEXT.withBuffer(100).withClosing(FileMode.Closing.END_OUTPUT));
    out.write("abc");
    out.close();
    assertEquals("abc", receiveAll());
    assertTrue(sink().isOpen() && sink().ended());
  }

  @Case
  void fileCloseClosesEverythingOnRequest() throws IOException {
    try (ByteFile<String> out =
        sink().file(TEXT.withBuffer(100).withClosing(FileMode.Closing.CLOSE_ALL))) {
      out.write("abc");
    }
    assertEquals("abc", receiveAll());
    assertFalse(sink().isOpen());
    source().file(BINARY.withClosing(FileMode.Closing.CLOSE_ALL)).close();
    assertFalse(source().isOpen());
  }

  @Case
  void fileOfAClosedSinkReportsWhatItStillHeld() throws IOException {
    ByteFile<String> empty = sink().file(TEXT.withBuffer(100));
    ByteFile<String> pending = sink().file(TEXT.withBuffer(100));
    pending.write("abc");
    sink().close();
    empty.close();
    assertThrows(StreamClosedException.class, pending::close);
    assertFalse(pending.isOpen());
    pending.close();
  }

  @Case
  void fileRefusesTheWrongDirection() throws IOException {
    ByteFile<String> in = reading(TEXT);
    ByteFile<String> out = sink().file(TEXT);
    assertTrue(in.readable() && !in.writable() && out.writable() && !out.readable());
    assertThrows(NotSupportedException.class, () -> in.write("x"));
    assertThrows(NotSupportedException.class, in::flush);
    assertThrows(NotSupportedException.class, () -> out.read(1));
    assertThrows(NotSupportedException.class, out::readLine);
    assertEquals(source().name(), in.name());
    assertTrue(in.toString().contains(source().name()), in::toString);
    assertTrue(in.toString().contains("UTF-8"), in::toString);
    assertEquals(TEXT, in.mode());
  }

  @Case
  void fileIsForOneReaderAtATime() throws Exception {
    ByteFile<String> file = reading(TEXT);
    Task<String> reader = async(file::readLine).waiting();
    assertThrows(IllegalStateException.class, file::readLine);
    send("x\n");
    assertEquals("x\n", reader.get());
    send("y\n");
    assertEquals("y\n", file.readLine());
  }

  @Case
  void fileCloseByAnotherThreadEndsItsRead() throws Exception {
    ByteFile<String> file =
        source().file(TEXT.withBuffer(8).withClosing(FileMode.Closing.CLOSE_ALL));
    Task<String> reader = async(file::readLine).waiting();
    file.close();
    assertTrue(reader.failure() instanceof java.nio.channels.ClosedChannelException);
  }
}
