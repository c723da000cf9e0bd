// SPDX-License-Identifier: Apache-2.0
package io.penstock.testing.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.error.BrokenPipeException;
import io.penstock.error.BufferFullException;
import io.penstock.error.EndOfStreamException;
import io.penstock.error.StreamClosedException;
import io.penstock.error.StreamFault;
import io.penstock.error.WouldBlockException;
import io.penstock.stream.ByteSequence;
import io.penstock.stream.Terminator;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.function.Executable;

/** Results are never overloaded: "nothing now", the end, a failure and closed are told apart. */
abstract class ResultCases extends OwnLimitCases {
  @Case
  void readReturnsZeroWhenToldNotToWait() throws IOException {
    assertEquals(0, source().read(room(8), NONE));
  }

  @Case
  void readReturnsMinusOneAtEndWhateverTheWait() throws IOException {
    sink().end();
    assertEnd();
    assertEquals(-1, source().read(room(8)));
    assertEquals(-1, source().read(room(8), NONE));
    assertEquals(-1, source().read(room(8), AT_ONCE));
    assertEquals(-1, source().read(room(8), FOREVER));
    assertEquals(-1, source().read(new ByteBuffer[] {room(1), room(1)}));
  }

  @Case
  void consumeReturnsZeroWhenToldNotToWait() throws IOException {
    assertEquals(0, source().consume(8, run -> run.position(run.limit()), NONE));
  }

  @Case
  void consumeReturnsMinusOneAtEnd() throws IOException {
    sink().end();
    assertEquals(-1, source().consume(8, run -> run.position(run.limit()), Wait.upTo(LONG)));
    assertEquals(-1, source().consume(8, run -> run.position(run.limit()), NONE));
  }

  @Case
  void transferReturnsZeroWhenToldNotToWait() throws Exception {
    try (Subject other = kind().open()) {
      assertEquals(0, source().transferTo(other.sink(), 8, NONE));
    }
  }

  @Case
  void transferReturnsMinusOneAtEnd() throws Exception {
    try (Subject other = kind().open()) {
      sink().end();
      assertEquals(-1, source().transferTo(other.sink(), 8, Wait.upTo(LONG)));
      assertEquals(-1, source().transferTo(other.sink(), 8, NONE));
    }
  }

  @Case
  void transferReturnsWhatMovedAndThenTheEnd() throws Exception {
    try (Subject other = kind().open()) {
      send("abc");
      sink().end();
      assertEquals(3, source().transferTo(other.sink(), Long.MAX_VALUE, Wait.upTo(LONG)));
      assertEquals(-1, source().transferTo(other.sink(), Long.MAX_VALUE, Wait.upTo(LONG)));
    }
  }

  @Case
  void takeReturnsEmptyBufferWhenToldNotToWait() throws IOException {
    ByteBuffer taken = source().take(8, NONE);
    assertNotNull(taken);
    assertFalse(taken.hasRemaining());
  }

  @Case
  void takeReturnsNullAtEnd() throws IOException {
    sink().end();
    assertNull(source().take(8, Wait.upTo(LONG)));
    assertNull(source().take(8, NONE));
  }

  @Case
  void readUntilWouldBlockAndKeepsTheBytes() throws IOException {
    assertThrows(WouldBlockException.class, () -> source().readUntil(ByteSequence.LF, 100, NONE));
    send("abc");
    arrived(3);
    assertThrows(WouldBlockException.class, () -> source().readUntil(ByteSequence.LF, 100, NONE));
    assertEquals("abc", receive(3));
  }

  @Case
  void readUntilReturnsNullAtEndAndTheTailStays() throws IOException {
    send("one\ntail");
    sink().end();
    assertEquals("one\n", text(source().readUntil(ByteSequence.LF, 100, Wait.upTo(LONG))));
    assertNull(source().readUntil(ByteSequence.LF, 100, Wait.upTo(LONG)));
    assertNull(source().readUntil(ByteSequence.LF, 100, NONE));
    assertFalse(source().ended(), "the tail is still to be read");
    assertEquals("tail", receiveAll());
  }

  @Case
  void readLineWouldBlockAndKeepsTheBytes() throws IOException {
    send("abc");
    arrived(3);
    assertThrows(WouldBlockException.class, () -> line(NONE));
    assertEquals("abc", receive(3));
  }

  @Case
  void readLineReturnsLastPartialLineThenNull() throws IOException {
    send("one\ntail");
    sink().end();
    assertEquals("one", line(Wait.upTo(LONG)));
    assertEquals("tail", line(Wait.upTo(LONG)));
    assertNull(line(Wait.upTo(LONG)));
    assertNull(line(NONE));
  }

  private @Nullable String line(Wait wait) throws IOException {
    return source().readLine(StandardCharsets.UTF_8, 100, Terminator.STRIP, wait);
  }

  @Case
  void readFullyWouldBlockAndKeepsTheBytes() throws IOException {
    send("abc");
    arrived(3);
    ByteBuffer dst = room(4);
    assertThrows(WouldBlockException.class, () -> source().readFully(dst, NONE));
    assertEquals(0, dst.position());
    assertEquals("abc", receive(3));
  }

  @Case
  void readFullyThrowsAtEndAndTheBytesStay() throws IOException {
    send("abc");
    sink().end();
    ByteBuffer dst = room(4);
    EndOfStreamException end =
        assertThrows(EndOfStreamException.class, () -> source().readFully(dst, Wait.upTo(LONG)));
    assertEquals(3, end.count());
    assertEquals(0, dst.position());
    assertThrows(EndOfStreamException.class, () -> source().readFully(dst, NONE));
    assertEquals("abc", receiveAll());
  }

  @Case
  void readAllWouldBlockBeforeTheEndAndKeepsTheBytes() throws IOException {
    send("abc");
    arrived(3);
    assertThrows(WouldBlockException.class, () -> source().readAll(100, NONE));
    assertEquals("abc", receive(3));
  }

  @Case
  void readAllReturnsEverythingAndThenNothing() throws IOException {
    send("abc");
    sink().end();
    assertEquals("abc", receiveAll());
    assertEquals(0, source().readAll(100, Wait.upTo(LONG)).remaining());
    assertTrue(source().ended());
  }

  @Case(needs = Trait.BOUNDED)
  void writeReturnsZeroWhenFullAndToldNotToWait() throws IOException {
    fill();
    ByteBuffer src = bytes("x");
    assertEquals(0, sink().write(src, NONE));
    assertEquals(1, src.remaining());
  }

  @Case(needs = Trait.BOUNDED)
  void giveReturnsZeroWhenFullAndToldNotToWait() throws IOException {
    fill();
    ByteBuffer given = bytes("x");
    assertEquals(
        0,
        sink()
            .give(
                given,
                () -> {
                  throw new AssertionError("a refused buffer is not released");
                },
                NONE));
    assertEquals(1, given.remaining());
  }

  @Case
  void writeAfterEndIsABrokenPipe() throws IOException {
    sink().end();
    assertThrows(BrokenPipeException.class, () -> sink().write(bytes("x")));
    assertThrows(BrokenPipeException.class, () -> sink().write(bytes("x"), NONE));
    assertThrows(BrokenPipeException.class, () -> sink().writeFully(bytes("x"), NONE));
    assertThrows(BrokenPipeException.class, () -> sink().give(bytes("x"), NONE));
    assertThrows(
        BrokenPipeException.class, () -> sink().write(new ByteBuffer[] {bytes("x"), bytes("y")}));
  }

  @Case(needs = Trait.BOUNDED)
  void writeFullyWouldBlockAndTellsHowMuchWentIn() throws IOException {
    long filled = fill();
    ByteBuffer src = bytes("xyz");
    WouldBlockException full =
        assertThrows(WouldBlockException.class, () -> sink().writeFully(src, NONE));
    assertEquals(src.position(), full.count());
    receivePattern(0, filled);
    sink().writeFully(src, Wait.upTo(LONG));
    assertEquals("xyz", receive(3));
  }

  @Case(needs = Trait.FLUSH_SEES_READER)
  void flushWouldBlockWhileUnread() throws IOException {
    send("abc");
    assertThrows(WouldBlockException.class, () -> sink().flush(NONE));
    assertEquals("abc", receive(3));
    sink().flush(Wait.upTo(LONG));
  }

  @Case
  void awaitReadableWouldBlockWhenNothingIsThere() {
    assertThrows(WouldBlockException.class, () -> source().awaitReadable(NONE));
  }

  @Case(needs = Trait.BOUNDED)
  void awaitWritableWouldBlockWhenFull() throws IOException {
    fill();
    assertThrows(WouldBlockException.class, () -> sink().awaitWritable(NONE));
  }

  @Case(needs = Trait.FLUSH_SEES_READER)
  void awaitEmptyWouldBlockWhileUnread() throws IOException {
    send("abc");
    assertThrows(WouldBlockException.class, () -> sink().awaitEmpty(NONE));
    assertEquals("abc", receive(3));
    sink().awaitEmpty(Wait.upTo(LONG));
  }

  @Case
  void signalAwaitWouldBlockWhenClear() {
    assertThrows(WouldBlockException.class, () -> source().readable().await(NONE));
  }

  @Case
  void inputStreamThrowsWouldBlockForNothingNow() throws IOException {
    source().readWait(NONE);
    assertThrows(WouldBlockException.class, () -> source().inputStream().read());
    assertThrows(WouldBlockException.class, () -> source().inputStream().read(new byte[4]));
    send("a");
    arrived(1);
    assertEquals('a', source().inputStream().read());
  }

  @Case(needs = Trait.BOUNDED)
  void outputStreamThrowsWouldBlockWhenFull() throws IOException {
    fill();
    sink().writeWait(NONE);
    assertThrows(WouldBlockException.class, () -> sink().outputStream().write('x'));
  }

  @Case
  void endComesAfterEverythingBuffered() throws IOException {
    send("abc");
    sink().end();
    assertEquals("abc", receive(3));
    assertEnd();
    assertTrue(source().ended());
  }

  @Case(needs = Trait.ABORT_DELIVERED)
  void abortIsThrownAfterTheBufferedDataAndAgain() throws IOException {
    send("abc");
    IOException cause = new IOException("the disk is full");
    subject().abort(cause);
    assertEquals("abc", receive(3));
    for (int i = 0; i < 3; i++) {
      IOException thrown = assertThrows(IOException.class, () -> source().read(room(1), NONE));
      assertCause(cause, thrown);
    }
    assertFalse(source().ended(), "a cut is never the end");
  }

  @Case(needs = Trait.ABORT_SEEN)
  void abortIsNeverTakenForTheEnd() throws IOException {
    subject().abort(new IOException("cut on purpose"));
    for (int i = 0; i < 3; i++) {
      assertThrows(IOException.class, () -> source().read(room(1), Wait.upTo(LONG)));
    }
    assertFalse(source().ended());
    assertThrows(IOException.class, () -> source().readAll(100, Wait.upTo(LONG)));
    assertThrows(IOException.class, () -> source().take(1, Wait.upTo(LONG)));
    assertThrows(IOException.class, () -> source().readUntil(ByteSequence.LF, 9, Wait.upTo(LONG)));
  }

  @Case(needs = Trait.ABORT_SEEN)
  void cutIsNoCauseOfItself() {
    subject().abort(new IOException("cut on purpose"));
    for (int i = 0; i < 2; i++) {
      assertToldOnce(
          assertThrows(IOException.class, () -> source().read(room(1), Wait.upTo(LONG))));
      assertToldOnce(assertThrows(IOException.class, () -> sink().write(bytes("x"), NONE)));
    }
  }

  /** A caller that looks for the cause finds the system's reason, not the same failure again. */
  private static void assertToldOnce(Throwable failure) {
    for (Throwable each = failure; each.getCause() != null; each = each.getCause()) {
      Throwable cause = each.getCause();
      assertFalse(
          cause instanceof StreamFault && cause.getClass() == each.getClass(),
          () -> failure + " because of " + cause);
    }
  }

  @Case
  void abortFailsTheWriterToo() {
    subject().abort(new IOException("cut on purpose"));
    assertThrows(IOException.class, () -> sink().write(bytes("x"), NONE));
    assertThrows(IOException.class, () -> sink().writeFully(bytes("x"), FOREVER));
  }

  @Case
  void everyReadingCallThrowsClosedAfterClose() throws Exception {
    send("abc");
    arrived(3);
    source().close();
    try (Subject other = kind().open()) {
      List<Executable> calls =
          List.of(
              () -> source().read(room(1)),
              () -> source().read(room(1), NONE),
              () -> source().read(new ByteBuffer[] {room(1)}),
              () -> source().read(new ByteBuffer[] {room(1)}, 0, 1),
              () -> source().consume(1, run -> {}, NONE),
              () -> source().take(1, NONE),
              () -> source().drain(),
              () -> source().transferTo(other.sink(), 1, NONE),
              () -> source().readFully(room(1), NONE),
              () -> source().readUntil(ByteSequence.LF, 9, NONE),
              () -> source().readLine(StandardCharsets.UTF_8, 9, Terminator.KEEP, NONE),
              () -> source().readAll(9, NONE),
              () -> source().awaitReadable(NONE),
              () -> source().inputStream().read());
      for (Executable call : calls) {
        assertThrows(StreamClosedException.class, call);
      }
    }
    assertEquals(0, source().available());
  }

  @Case
  void everyWritingCallThrowsClosedAfterClose() throws IOException {
    sink().close();
    List<Executable> calls =
        List.of(
            () -> sink().write(bytes("x")),
            () -> sink().write(bytes("x"), NONE),
            () -> sink().write(new ByteBuffer[] {bytes("x")}),
            () -> sink().write(new ByteBuffer[] {bytes("x")}, 0, 1),
            () -> sink().give(bytes("x"), NONE),
            () -> sink().give(bytes("x"), () -> {}, NONE),
            () -> sink().writeFully(bytes("x"), NONE),
            () -> sink().writeFully(new ByteBuffer[] {bytes("x")}, NONE),
            () -> sink().writeFully("x", NONE),
            () -> sink().awaitWritable(NONE),
            () -> sink().outputStream().write('x'));
    for (Executable call : calls) {
      assertThrows(StreamClosedException.class, call);
    }
    Throwable refused =
        assertThrows(
                java.util.concurrent.ExecutionException.class,
                () ->
                    sink()
                        .writeAsync(bytes("x"))
                        .toCompletableFuture()
                        .get(LONG.toSeconds(), TimeUnit.SECONDS))
            .getCause();
    assertTrue(refused instanceof StreamClosedException, () -> "failed with " + refused);
    assertEquals(0, sink().room());
  }

  @Case
  void zeroLengthReadReturnsZeroWhateverTheState() throws IOException {
    assertEquals(0, source().read(room(0)), "nothing there");
    send("a");
    arrived(1);
    assertEquals(0, source().read(room(0)), "data there");
    assertEquals("a", receive(1));
    sink().end();
    assertEnd();
    assertEquals(0, source().read(room(0)), "at the end");
    source().readFully(room(0), NONE);
  }

  @Case(needs = {Trait.ABORT_SEEN, Trait.TWO_PARTIES})
  void zeroLengthReadReturnsZeroAfterAFailure() throws IOException {
    subject().abort(new IOException("cut on purpose"));
    assertThrows(IOException.class, () -> source().read(room(1), Wait.upTo(LONG)));
    assertEquals(0, source().read(room(0), NONE));
  }

  @Case
  void zeroLengthCallsThrowClosedAfterClose() throws IOException {
    source().close();
    sink().close();
    assertThrows(StreamClosedException.class, () -> source().read(room(0)));
    assertThrows(StreamClosedException.class, () -> source().read(room(0), NONE));
    assertThrows(StreamClosedException.class, () -> source().readFully(room(0), NONE));
    assertThrows(StreamClosedException.class, () -> sink().write(room(0)));
    assertThrows(StreamClosedException.class, () -> sink().write(room(0), NONE));
    assertThrows(StreamClosedException.class, () -> sink().give(room(0), NONE));
    assertThrows(StreamClosedException.class, () -> sink().writeFully(room(0), NONE));
  }

  @Case
  void zeroLengthWriteReturnsZeroAndSignalsNothing() throws IOException {
    assertEquals(0, sink().write(room(0)));
    assertEquals(0, sink().give(room(0), NONE));
    sink().writeFully(room(0), NONE);
    sink().writeFully("", NONE);
    sink().writeAsync(room(0)).toCompletableFuture().join();
    assertFalse(source().readable().isSet());
    assertEquals(0, source().read(room(1), NONE));
    sink().end();
    assertEquals(0, sink().write(room(0)), "after the end");
    assertEquals(0, sink().give(room(0), NONE));
    sink().writeFully(room(0), NONE);
  }

  @Case(needs = Trait.BOUNDED)
  void zeroLengthWriteNeverWaits() throws IOException {
    fill();
    assertEquals(0, sink().write(room(0), FOREVER));
    assertEquals(0, sink().write(room(0), AT_ONCE));
    assertEquals(0, sink().give(room(0), FOREVER));
    sink().writeFully(room(0), FOREVER);
  }

  @Case(needs = Trait.CLOSE_BREAKS_WRITER)
  void zeroLengthWriteReturnsZeroOnABrokenPipe() throws Exception {
    source().close();
    assertSoon(() -> broken("x"));
    assertEquals(0, sink().write(room(0)));
  }

  final boolean broken(String text) throws IOException {
    try {
      sink().write(bytes(text), NONE);
      return false;
    } catch (BrokenPipeException e) {
      return true;
    }
  }

  @Case
  void noPartsAtAllIsNoOperation() throws IOException {
    assertEquals(0, sink().write(new ByteBuffer[0]));
    assertEquals(0, source().read(new ByteBuffer[0]));
    sink().writeFully(new ByteBuffer[0], NONE);
    sink().writeAsync().toCompletableFuture().join();
    assertFalse(source().readable().isSet());
  }

  @Case
  void readAllBeyondItsLimitIsBufferFullAndTheBytesStay() throws IOException {
    send("abcdef");
    sink().end();
    assertThrows(BufferFullException.class, () -> source().readAll(5, Wait.upTo(LONG)));
    assertEquals("abcdef", text(source().readAll(6, Wait.upTo(LONG))));
  }

  @Case
  void misuseIsRefusedAtTheCall() throws Exception {
    assertThrows(IllegalArgumentException.class, () -> source().take(0, NONE));
    assertThrows(IllegalArgumentException.class, () -> source().consume(0, run -> {}, NONE));
    assertThrows(
        IllegalArgumentException.class, () -> source().readUntil(ByteSequence.of(), 9, NONE));
    assertThrows(
        IllegalArgumentException.class, () -> source().readUntil(ByteSequence.CRLF, 1, NONE));
    assertThrows(
        IllegalArgumentException.class,
        () -> source().readLine(StandardCharsets.UTF_8, 0, Terminator.KEEP, NONE));
    assertThrows(IllegalArgumentException.class, () -> source().readAll(-1, NONE));
    try (Subject other = kind().open()) {
      assertThrows(
          IllegalArgumentException.class, () -> source().transferTo(other.sink(), -1, NONE));
    }
    assertThrows(IllegalArgumentException.class, () -> Wait.upTo(java.time.Duration.ofNanos(-1)));
    // A channel of the JDK's gives the same answer to these.
    assertThrows(
        IndexOutOfBoundsException.class, () -> source().read(new ByteBuffer[] {room(1)}, 1, 1));
    assertThrows(
        IndexOutOfBoundsException.class, () -> sink().write(new ByteBuffer[] {room(1)}, 0, 2));
    assertThrows(
        IllegalArgumentException.class, () -> source().read(room(1).asReadOnlyBuffer(), NONE));
  }

  @Case
  @SuppressWarnings("NullAway") // what null does is what the case is about
  void nullIsRefusedAtTheCall() {
    assertThrows(NullPointerException.class, () -> source().read((ByteBuffer) null));
    assertThrows(NullPointerException.class, () -> source().read(room(1), null));
    assertThrows(NullPointerException.class, () -> source().readWait(null));
    assertThrows(NullPointerException.class, () -> sink().write((ByteBuffer) null));
    assertThrows(NullPointerException.class, () -> sink().write(bytes("x"), null));
    assertThrows(NullPointerException.class, () -> sink().writeWait(null));
    assertThrows(NullPointerException.class, () -> sink().give(null, NONE));
  }
}
