// SPDX-License-Identifier: Apache-2.0
package io.penstock.testing.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.error.BufferFullException;
import io.penstock.error.StreamTimeoutException;
import io.penstock.error.WouldBlockException;
import io.penstock.stream.ByteSequence;
import io.penstock.stream.Terminator;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** Long reads: what they look for, and that they lose nothing. */
abstract class LongReadCases extends BufferCases {
  @Case
  void readUntilMatchesAcrossWrites() throws IOException {
    for (String piece : new String[] {"ab", "c\r", "\nde", "f\r\r", "\n"}) {
      send(piece);
    }
    assertEquals("abc\r\n", text(source().readUntil(ByteSequence.CRLF, 99, Wait.upTo(LONG))));
    assertEquals("def\r\r\n", text(source().readUntil(ByteSequence.CRLF, 99, Wait.upTo(LONG))));
  }

  @Case
  void readUntilFindsADelimiterThatRepeatsItsOwnBeginning() throws IOException {
    ByteSequence delimiter = ByteSequence.utf8("aab");
    send("xaa");
    send("ab");
    assertEquals("xaaab", text(source().readUntil(delimiter, 99, Wait.upTo(LONG))));
  }

  @Case
  void readUntilWithoutAMatchWithinTheLimitIsBufferFullAtOnce() throws IOException {
    send("abcdef\n");
    arrived(7);
    BufferFullException full =
        assertThrows(
            BufferFullException.class, () -> source().readUntil(ByteSequence.LF, 6, FOREVER));
    assertEquals(6, full.count());
    assertEquals("abcdef\n", text(source().readUntil(ByteSequence.LF, 7, FOREVER)));
  }

  @Case(needs = {Trait.COUNTED, Trait.BOUNDED, Trait.WHOLE_ROOM})
  void readUntilWithoutAMatchInAFullBufferIsBufferFullAtOnce() throws IOException {
    int capacity = Math.toIntExact(sink().room());
    sink().write(bytes("-".repeat(capacity)));
    counted(capacity);
    assertThrows(
        BufferFullException.class,
        () -> source().readUntil(ByteSequence.LF, Integer.MAX_VALUE, FOREVER));
    assertThrows(
        BufferFullException.class,
        () ->
            source().readLine(StandardCharsets.UTF_8, Integer.MAX_VALUE, Terminator.KEEP, FOREVER));
    assertEquals(capacity, source().available());
    assertEquals("-".repeat(capacity), receive(capacity));
  }

  @Case(needs = {Trait.COUNTED, Trait.BOUNDED, Trait.BY_REFERENCE})
  void aMatchBeatsAFullBuffer() throws IOException {
    int capacity = Math.toIntExact(sink().room());
    sink().write(bytes("-".repeat(capacity - 1)));
    sink().give(bytes("--\n"), NONE);
    counted(capacity + 2L);
    assertEquals(
        capacity + 2,
        text(source().readUntil(ByteSequence.LF, Integer.MAX_VALUE, FOREVER)).length());
  }

  @Case
  void readLineKeepsOrStripsTheTerminator() throws IOException {
    send("one\ntwo\r\nthr\ree\n\nlast");
    sink().end();
    assertEquals("one\n", line(Terminator.KEEP));
    assertEquals("two", line(Terminator.STRIP));
    assertEquals("thr\ree", line(Terminator.STRIP));
    assertEquals("\n", line(Terminator.KEEP));
    assertEquals("last", line(Terminator.KEEP));
    assertNull(line(Terminator.KEEP));
  }

  private @Nullable String line(Terminator terminator) throws IOException {
    return source().readLine(StandardCharsets.UTF_8, 99, terminator, Wait.upTo(LONG));
  }

  @Case
  void readLineDecodesACharacterSplitBetweenWrites() throws IOException {
    byte[] text = "h\u00e9\n".getBytes(StandardCharsets.UTF_8);
    sink().write(ByteBuffer.wrap(text, 0, 2));
    sink().write(ByteBuffer.wrap(text, 2, 2));
    assertEquals("h\u00e9", line(Terminator.STRIP));
  }

  @Case
  void decodingErrorLeavesTheBytes() throws IOException {
    byte[] wrong = {'a', (byte) 0xff, '\n', 'b', '\n'};
    sink().write(ByteBuffer.wrap(wrong));
    assertThrows(CharacterCodingException.class, () -> line(Terminator.STRIP));
    assertThrows(CharacterCodingException.class, () -> line(Terminator.STRIP));
    assertEquals(
        "a\u00ff",
        source().readLine(StandardCharsets.ISO_8859_1, 99, Terminator.STRIP, Wait.upTo(LONG)));
    assertEquals("b", line(Terminator.STRIP));
  }

  @Case
  void readLineBeyondItsLimitIsBufferFullAndTheBytesStay() throws IOException {
    send("abcdef\n");
    arrived(7);
    assertThrows(
        BufferFullException.class,
        () -> source().readLine(StandardCharsets.UTF_8, 6, Terminator.STRIP, FOREVER));
    assertEquals("abcdef", line(Terminator.STRIP));
  }

  @Case
  void longReadsLoseNothingOnATimeout() throws IOException {
    send("abc");
    arrived(3);
    Wait limit = Wait.upTo(Duration.ofMillis(5));
    ByteBuffer dst = room(10).position(2);
    assertThrows(StreamTimeoutException.class, () -> source().readFully(dst, limit));
    assertEquals(2, dst.position());
    assertThrows(StreamTimeoutException.class, () -> source().readAll(99, limit));
    assertThrows(
        StreamTimeoutException.class, () -> source().readUntil(ByteSequence.LF, 99, limit));
    assertThrows(StreamTimeoutException.class, () -> line(limit));
    assertEquals(3, source().available());
    send("def\n");
    assertEquals("abcdef\n", text(source().readUntil(ByteSequence.LF, 99, Wait.upTo(LONG))));
  }

  private @Nullable String line(Wait wait) throws IOException {
    return source().readLine(StandardCharsets.UTF_8, 99, Terminator.STRIP, wait);
  }

  @Case
  void longReadsLoseNothingOnAnInterrupt() throws Exception {
    send("abc");
    arrived(3);
    Task<Void> reader = asyncRun(() -> source().readFully(room(5), FOREVER)).waiting();
    reader.thread().interrupt();
    assertTrue(reader.failure() instanceof java.io.InterruptedIOException);
    assertEquals(3, source().available());
    assertEquals("abc", receive(3));
  }

  @Case(needs = {Trait.COUNTED, Trait.BOUNDED, Trait.COUNTS_GATHERED, Trait.WHOLE_ROOM})
  void whatGoesBackInFrontTakesUpRoomAgain() throws IOException {
    long capacity = sink().room();
    for (int i = 0; i < 3; i++) {
      send("abc");
      counted(3);
      assertThrows(WouldBlockException.class, () -> source().readFully(room(10), NONE));
      assertThrows(WouldBlockException.class, () -> source().readAll(99, NONE));
      assertThrows(WouldBlockException.class, () -> source().readUntil(ByteSequence.LF, 99, NONE));
      assertEquals(3, source().available());
      assertRoom(capacity - 3);
      assertEquals("abc", receive(3));
      // Room must not shrink for good.
      assertRoom(capacity);
    }
  }

  @Case(needs = {Trait.COUNTED, Trait.BOUNDED, Trait.COUNTS_GATHERED, Trait.WHOLE_ROOM})
  void timedOutReadKeepsMoreThanTheCapacity() throws Exception {
    int capacity = Math.toIntExact(sink().room());
    Task<Void> writer =
        asyncRun(() -> sink().writeFully(bytes(capacity * 2), Wait.upTo(LONG))).waiting();
    // It gathers both capacities' worth and then times out for the one byte that is missing.
    Duration limit = SHORT.multipliedBy(kind().has(Trait.UNAIDED) ? 20 : 50);
    Task<Void> reader =
        asyncRun(() -> source().readFully(room(capacity * 2 + 1), Wait.upTo(limit)));
    writer.get();
    assertTrue(reader.failure() instanceof StreamTimeoutException);
    counted(capacity * 2L);
    assertRoom(0);
    assertEquals(0, sink().write(bytes(1), NONE));
    receivePattern(0, capacity * 2L);
    assertRoom(capacity);
  }

  @Case(needs = {Trait.COUNTED, Trait.BOUNDED, Trait.COUNTS_GATHERED})
  void readsUntilADelimiterNeverHoldMoreThanTheCapacity() throws IOException {
    long capacity = fill();
    flushed();
    // What was written and flushed need not be in memory.
    Wait wait = kind().has(Trait.IMMEDIATE) ? NONE : Wait.upTo(LONG);
    for (int i = 0; i < 3; i++) {
      assertThrows(
          BufferFullException.class,
          () -> source().readUntil(ByteSequence.CRLF, Integer.MAX_VALUE, wait));
      assertEquals(0, sink().write(bytes(1), NONE));
    }
    assertEquals(capacity, source().available());
  }

  @Case(needs = {Trait.FLUSH_SEES_READER, Trait.COUNTS_GATHERED})
  void nothingIsFlushedWhileALongReadHoldsIt() throws Exception {
    send("abc");
    Task<ByteBuffer> reader =
        async(() -> source().readUntil(ByteSequence.LF, 99, Wait.upTo(LONG))).waiting();
    assertThrows(WouldBlockException.class, () -> sink().awaitEmpty(NONE));
    assertThrows(WouldBlockException.class, () -> sink().flush(NONE));
    send("\n");
    assertEquals("abc\n", text(reader.get()));
    sink().flush(Wait.upTo(LONG));
  }

  @Case
  void anEndIsNotReadWhileALongReadHasLeftBytes() throws IOException {
    send("ab");
    sink().end();
    assertNull(source().readUntil(ByteSequence.LF, 99, Wait.upTo(LONG)));
    assertEquals(2, source().available());
    assertFalse(source().ended());
    assertEquals("ab", receive(2));
    assertEnd();
  }

  @Case(needs = Trait.BOUNDED)
  void readFullyLargerThanTheBufferDoesNotDeadlock() throws Exception {
    int size = 500_000;
    Task<Void> writer = asyncRun(() -> sink().writeFully(bytes(size), Wait.upTo(LONG)));
    ByteBuffer dst = room(size);
    source().readFully(dst, Wait.upTo(LONG));
    assertEquals(bytes(size), dst.flip());
    writer.get();
  }

  @Case(needs = Trait.BOUNDED)
  void readAllLargerThanTheBufferDoesNotDeadlock() throws Exception {
    int size = 500_000;
    Task<Void> writer =
        asyncRun(
            () -> {
              sink().writeFully(bytes(size), Wait.upTo(LONG));
              sink().end();
            });
    assertEquals(bytes(size), source().readAll(size, Wait.upTo(LONG)));
    writer.get();
  }
}
