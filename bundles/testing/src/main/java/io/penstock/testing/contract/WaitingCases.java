// SPDX-License-Identifier: Apache-2.0
package io.penstock.testing.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.error.StreamTimeoutException;
import io.penstock.stream.ByteSequence;
import io.penstock.stream.ByteSource;
import io.penstock.stream.Terminator;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

/** How long calls wait, and what ends the wait. */
abstract class WaitingCases extends ResultCases {
  @Case
  void readWaitsForDataByDefault() throws Exception {
    assertEquals(FOREVER, source().readWait());
    ByteBuffer dst = room(8);
    Task<Integer> reader = async(() -> source().read(dst)).waiting();
    send("a");
    assertEquals(1, reader.get());
    assertEquals("a", text(dst.flip()));
  }

  @Case
  void everyReadingCallWaitsForData() throws Exception {
    Task<Integer> consumer =
        async(() -> source().consume(1, run -> run.position(run.limit()), FOREVER)).waiting();
    send("1");
    assertEquals(1, consumer.get());
    Task<String> taker = async(() -> text(source().take(1, FOREVER))).waiting();
    send("2");
    assertEquals("2", taker.get());
    Task<String> matcher =
        async(() -> text(source().readUntil(ByteSequence.LF, 99, FOREVER))).waiting();
    send("3");
    send("3\n");
    assertEquals("33\n", matcher.get());
    Task<String> liner =
        async(() -> source().readLine(StandardCharsets.UTF_8, 99, Terminator.STRIP, FOREVER))
            .waiting();
    send("4\n");
    assertEquals("4", liner.get());
    Task<String> filler = async(() -> receive(2)).waiting();
    send("5");
    send("5");
    assertEquals("55", filler.get());
    Task<String> all = async(this::receiveAll).waiting();
    send("6");
    sink().end();
    assertEquals("6", all.get());
  }

  @Case
  void timeoutHasATypeOfItsOwnAndTheLimitReallyPasses() {
    long start = System.nanoTime();
    assertThrows(StreamTimeoutException.class, () -> source().read(room(1), Wait.upTo(SHORT)));
    assertAtLeast(SHORT, since(start));
  }

  @Case
  void everyReadingCallTimesOut() throws Exception {
    Wait limit = Wait.upTo(Duration.ofMillis(5));
    assertThrows(StreamTimeoutException.class, () -> source().consume(1, run -> {}, limit));
    assertThrows(StreamTimeoutException.class, () -> source().take(1, limit));
    assertThrows(StreamTimeoutException.class, () -> source().readUntil(ByteSequence.LF, 9, limit));
    assertThrows(
        StreamTimeoutException.class,
        () -> source().readLine(StandardCharsets.UTF_8, 9, Terminator.KEEP, limit));
    assertThrows(StreamTimeoutException.class, () -> source().readFully(room(1), limit));
    assertThrows(StreamTimeoutException.class, () -> source().readAll(9, limit));
    assertThrows(StreamTimeoutException.class, () -> source().awaitReadable(limit));
    assertThrows(StreamTimeoutException.class, () -> source().readable().await(limit));
    try (Subject other = kind().open()) {
      assertThrows(StreamTimeoutException.class, () -> source().transferTo(other.sink(), 1, limit));
    }
  }

  @Case(needs = Trait.BOUNDED)
  void everyWritingCallTimesOutWhenFull() throws IOException {
    fill();
    Wait limit = Wait.upTo(Duration.ofMillis(5));
    assertThrows(StreamTimeoutException.class, () -> sink().write(bytes("x"), limit));
    assertThrows(StreamTimeoutException.class, () -> sink().give(bytes("x"), limit));
    assertThrows(StreamTimeoutException.class, () -> sink().writeFully(bytes("x"), limit));
    assertThrows(StreamTimeoutException.class, () -> sink().writeFully("x", limit));
    assertThrows(StreamTimeoutException.class, () -> sink().awaitWritable(limit));
    assertThrows(StreamTimeoutException.class, () -> sink().writable().await(limit));
    long start = System.nanoTime();
    assertThrows(StreamTimeoutException.class, () -> sink().write(bytes("x"), Wait.upTo(SHORT)));
    assertAtLeast(SHORT, since(start));
  }

  @Case(needs = Trait.FLUSH_SEES_READER)
  void flushAndAwaitEmptyTimeOutWhileUnread() throws IOException {
    send("abc");
    Wait limit = Wait.upTo(Duration.ofMillis(5));
    assertThrows(StreamTimeoutException.class, () -> sink().flush(limit));
    assertThrows(StreamTimeoutException.class, () -> sink().awaitEmpty(limit));
  }

  @Case
  void zeroDurationTimesOutAtOnce() {
    assertThrows(StreamTimeoutException.class, () -> source().read(room(1), AT_ONCE));
    assertThrows(StreamTimeoutException.class, () -> source().awaitReadable(AT_ONCE));
  }

  @Case(needs = Trait.BOUNDED)
  void zeroDurationTimesOutAtOnceWhenFull() throws IOException {
    fill();
    assertThrows(StreamTimeoutException.class, () -> sink().write(bytes("x"), AT_ONCE));
    assertThrows(StreamTimeoutException.class, () -> sink().give(bytes("x"), AT_ONCE));
    assertThrows(StreamTimeoutException.class, () -> sink().awaitWritable(AT_ONCE));
  }

  @Case
  void zeroDurationSucceedsWhereNothingHasToWait() throws IOException {
    assertEquals(1, sink().write(bytes("a"), AT_ONCE));
    arrived(1);
    source().awaitReadable(AT_ONCE);
    assertEquals(1, source().read(room(1), AT_ONCE));
    sink().awaitWritable(AT_ONCE);
  }

  @Case
  void instantInThePastTimesOutAtOnce() {
    assertThrows(
        StreamTimeoutException.class,
        () -> source().read(room(1), Wait.until(System.nanoTime() - 1)));
  }

  @Case
  void dataBeatsTheDeadline() throws IOException {
    Wait past = Wait.until(System.nanoTime() - Duration.ofDays(1).toNanos());
    send("abc\n");
    arrived(4);
    assertEquals(1, source().read(room(1), past));
    assertEquals("b", text(source().take(1, past)));
    assertEquals("c\n", text(source().readUntil(ByteSequence.LF, 9, past)));
  }

  @Case
  void endBeatsTheDeadline() throws IOException {
    Wait past = Wait.until(System.nanoTime() - Duration.ofDays(1).toNanos());
    sink().end();
    assertEnd();
    assertEquals(-1, source().read(room(1), past));
    assertEquals(0, source().readAll(9, past).remaining());
    source().awaitReadable(past);
  }

  @Case
  void zeroLengthWritesDoNotRestartALimit() throws Exception {
    long start = System.nanoTime();
    Task<Integer> reader = async(() -> source().read(room(1), Wait.upTo(SHORT)));
    while (!reader.done()) {
      sink().write(room(0));
      Thread.onSpinWait();
    }
    assertInstanceOf(StreamTimeoutException.class, reader.failure());
    assertAtLeast(SHORT, since(start));
  }

  /** A call of many steps, each of which comes in time while all of them together do not. */
  interface Paced {
    Task<?> begin(Subject subject, Wait limit) throws Exception;

    void step(Subject subject, int index) throws Exception;
  }

  private static final Duration PACE = Duration.ofMillis(70);
  private static final Duration PACED_LIMIT = Duration.ofMillis(120);

  /**
   * Three steps of 70 ms under a limit of 120 ms; tried again, each time twice as slowly, because
   * this machine may have stalled on either side. A limit that is not restarted ends every attempt.
   */
  private void assertProgressRestarts(Paced paced) throws Exception {
    StreamTimeoutException last = null;
    for (int slower = 1; slower <= 32; slower *= 2) {
      Duration limit = PACED_LIMIT.multipliedBy(slower);
      try (Subject fresh = kind().open()) {
        long start = System.nanoTime();
        Task<?> call = paced.begin(fresh, Wait.upTo(limit));
        for (int i = 0; i < 3; i++) {
          pass(PACE.multipliedBy(slower));
          paced.step(fresh, i);
        }
        try {
          call.get();
          assertAtLeast(limit, since(start));
          return;
        } catch (StreamTimeoutException e) {
          last = e;
        }
      }
    }
    throw new AssertionError("timed out in every attempt", last);
  }

  private void assertDripRestarts(
      java.util.function.BiFunction<Subject, Wait, Task<?>> begin, String... drips)
      throws Exception {
    assertProgressRestarts(
        new Paced() {
          @Override
          public Task<?> begin(Subject subject, Wait limit) {
            return begin.apply(subject, limit);
          }

          @Override
          public void step(Subject subject, int index) throws IOException {
            subject.sink().writeFully(drips[index], FOREVER);
          }
        });
  }

  @Case
  void progressRestartsTheLimitOfReadFully() throws Exception {
    assertDripRestarts(
        (s, limit) -> asyncRun(() -> s.source().readFully(room(3), limit)), "a", "b", "c");
  }

  @Case
  void progressRestartsTheLimitOfReadUntil() throws Exception {
    assertDripRestarts(
        (s, limit) -> async(() -> s.source().readUntil(ByteSequence.LF, 9, limit)), "a", "b", "\n");
  }

  @Case
  void progressRestartsTheLimitOfReadLine() throws Exception {
    assertDripRestarts(
        (s, limit) ->
            async(() -> s.source().readLine(StandardCharsets.UTF_8, 9, Terminator.KEEP, limit)),
        "a",
        "b",
        "\n");
  }

  @Case
  void progressRestartsTheLimitOfReadAll() throws Exception {
    assertProgressRestarts(
        new Paced() {
          @Override
          public Task<?> begin(Subject subject, Wait limit) {
            return async(() -> subject.source().readAll(9, limit));
          }

          @Override
          public void step(Subject subject, int index) throws IOException {
            if (index < 2) {
              subject.sink().writeFully("a", FOREVER);
            } else {
              subject.sink().end();
            }
          }
        });
  }

  @Case
  void progressRestartsTheLimitOfTransferTo() throws Exception {
    try (Subject other = kind().open()) {
      assertDripRestarts(
          (s, limit) -> async(() -> s.source().transferTo(other.sink(), 3, limit)), "a", "b", "c");
    }
  }

  @Case(needs = {Trait.BOUNDED, Trait.COUNTED})
  void progressRestartsTheLimitOfWriteFully() throws Exception {
    assertProgressRestarts(
        new Paced() {
          @Override
          public Task<?> begin(Subject subject, Wait limit) throws IOException {
            long unused = fill(subject.sink());
            flushed(subject.sink());
            return asyncRun(() -> subject.sink().writeFully(bytes("xyz"), limit));
          }

          @Override
          public void step(Subject subject, int index) throws IOException {
            subject.source().readFully(room(1), FOREVER);
          }
        });
  }

  @Case(needs = Trait.FLUSH_SEES_READER)
  void progressRestartsTheLimitOfFlush() throws Exception {
    assertProgressRestarts(
        new Paced() {
          @Override
          public Task<?> begin(Subject subject, Wait limit) throws IOException {
            subject.sink().writeFully("abc", FOREVER);
            return asyncRun(() -> subject.sink().flush(limit));
          }

          @Override
          public void step(Subject subject, int index) throws IOException {
            subject.source().readFully(room(1), FOREVER);
          }
        });
  }

  @Case
  void anInstantIsNeverRestarted() throws Exception {
    Wait until = Wait.until(System.nanoTime() + PACED_LIMIT.toNanos());
    Task<Void> reader = asyncRun(() -> source().readFully(room(999), until));
    StringBuilder sent = new StringBuilder();
    while (!reader.done()) {
      pass(PACE);
      send("a");
      sent.append('a');
    }
    assertInstanceOf(StreamTimeoutException.class, reader.failure());
    assertEquals(sent.toString(), receive(sent.length()));
  }

  @Case
  void callGoesByTheEndsOwnSetting() throws IOException {
    source().readWait(NONE);
    assertEquals(NONE, source().readWait());
    assertEquals(0, source().read(room(1)));
    source().readWait(AT_ONCE);
    assertThrows(StreamTimeoutException.class, () -> source().read(room(1)));
  }

  @Case(needs = Trait.BOUNDED)
  void writeGoesByTheEndsOwnSetting() throws IOException {
    assertEquals(FOREVER, sink().writeWait());
    fill();
    sink().writeWait(NONE);
    assertEquals(NONE, sink().writeWait());
    assertEquals(0, sink().write(bytes("x")));
    sink().writeWait(AT_ONCE);
    assertThrows(StreamTimeoutException.class, () -> sink().write(bytes("x")));
  }

  @Case
  void callsOwnWaitBeatsTheEndsSetting() throws Exception {
    source().readWait(NONE);
    Task<Integer> reader = async(() -> source().read(room(1), FOREVER)).waiting();
    send("a");
    assertEquals(1, reader.get());
    source().readWait(FOREVER);
    assertEquals(0, source().read(room(1), NONE));
  }

  @Case
  void changedSettingReachesWhoWaitsUnderIt() throws Exception {
    Task<Integer> first = async(() -> source().read(room(1))).waiting();
    source().readWait(NONE);
    assertEquals(0, first.get());
    source().readWait(FOREVER);
    Task<Integer> second = async(() -> source().read(room(1))).waiting();
    source().readWait(AT_ONCE);
    assertInstanceOf(StreamTimeoutException.class, second.failure());
  }

  @Case
  void changedSettingIsMeasuredFromTheCallsStart() throws Exception {
    long start = System.nanoTime();
    Task<Integer> reader = async(() -> source().read(room(1))).waiting();
    source().readWait(Wait.upTo(SHORT));
    assertInstanceOf(StreamTimeoutException.class, reader.failure());
    assertAtLeast(SHORT, since(start));
  }

  @Case
  void waiterGoesOnUnderALongerSetting() throws Exception {
    Duration limit = Duration.ofMillis(150);
    boolean inTime = false;
    // Again where this machine has stalled until the first setting was over.
    while (!inTime) {
      try (Subject fresh = kind().open()) {
        ByteSource source = fresh.source();
        source.readWait(Wait.upTo(limit));
        long start = System.nanoTime();
        Task<Integer> reader = async(() -> source.read(room(1)));
        pass(SHORT);
        source.readWait(FOREVER);
        inTime = since(start) < limit.toNanos();
        if (inTime) {
          pass(limit);
          assertFalse(reader.done());
          fresh.sink().writeFully("a", Wait.upTo(LONG));
          assertEquals(1, reader.get());
        }
      }
    }
  }

  @Case(needs = Trait.BOUNDED)
  void changedSettingReachesWaitingWriters() throws Exception {
    fill();
    Task<Integer> writer = async(() -> sink().write(bytes("x"))).waiting();
    sink().writeWait(NONE);
    assertEquals(0, writer.get());
  }

  @Case
  void changedSettingLeavesACallWithItsOwnAlone() throws Exception {
    Task<Integer> reader = async(() -> source().read(room(1), FOREVER)).waiting();
    source().readWait(NONE);
    source().readWait(AT_ONCE);
    reader.waiting();
    send("a");
    assertEquals(1, reader.get());
  }

  @Case
  void interruptEndsTheWaitAndKeepsTheFlagAndTheStream() throws Exception {
    Task<Boolean> reader =
        async(
                () -> {
                  assertThrows(InterruptedIOException.class, () -> source().read(room(1)));
                  return Thread.currentThread().isInterrupted();
                })
            .waiting();
    reader.thread().interrupt();
    assertTrue(reader.get());
    send("a");
    assertEquals("a", receive(1));
  }

  @Case(needs = Trait.BOUNDED)
  void interruptEndsAWritersWaitAndKeepsTheStream() throws Exception {
    long filled = fill();
    Task<Boolean> writer =
        async(
                () -> {
                  assertThrows(InterruptedIOException.class, () -> sink().write(bytes("x")));
                  return Thread.currentThread().isInterrupted();
                })
            .waiting();
    writer.thread().interrupt();
    assertTrue(writer.get());
    receivePattern(0, filled);
    send("y");
    assertEquals("y", receive(1));
  }

  @Case
  void interruptIsNoTimeout() throws Exception {
    Task<Integer> reader = async(() -> source().read(room(1), Wait.upTo(LONG))).waiting();
    reader.thread().interrupt();
    Throwable failure = reader.failure();
    assertInstanceOf(InterruptedIOException.class, failure);
    assertFalse(failure instanceof java.net.SocketTimeoutException);
    assertFalse(io.penstock.error.StreamFault.isTimedOut(failure));
  }

  @Case
  void interruptIsLookedAtOnlyWhenACallWouldWait() throws Exception {
    send("a");
    arrived(1);
    Thread.currentThread().interrupt();
    try {
      assertEquals(1, source().read(room(1)));
      assertEquals(0, source().read(room(1), NONE));
      assertEquals(1, sink().write(bytes("b")));
      assertTrue(Thread.currentThread().isInterrupted());
    } finally {
      Thread.interrupted();
    }
    assertEquals("b", receive(1));
  }

  @Case
  void interruptedThreadDoesNotBeginToWait() throws Exception {
    Thread.currentThread().interrupt();
    try {
      assertThrows(InterruptedIOException.class, () -> source().read(room(1)));
      assertTrue(Thread.currentThread().isInterrupted());
    } finally {
      Thread.interrupted();
    }
    send("a");
    assertEquals("a", receive(1));
  }

  @Case
  void firstByteWakesAParkedReader() throws Exception {
    Task<Integer> reader = async(() -> source().read(room(1000))).waiting();
    send("a");
    assertEquals(1, reader.get());
  }

  @Case(needs = Trait.BOUNDED)
  void roomWakesAParkedWriter() throws Exception {
    long filled = fill();
    Task<Integer> writer = async(() -> sink().write(bytes("x"))).waiting();
    receivePattern(0, filled);
    assertEquals(1, writer.get());
    assertEquals("x", receive(1));
  }

  @Case
  void awaitReadableReturnsOnDataAndConsumesNothing() throws Exception {
    Task<Void> waiter = asyncRun(() -> source().awaitReadable(FOREVER)).waiting();
    send("a");
    waiter.get();
    assertEquals("a", receive(1));
  }

  @Case
  void awaitReadableReturnsOnTheEnd() throws Exception {
    Task<Void> waiter = asyncRun(() -> source().awaitReadable(FOREVER)).waiting();
    sink().end();
    waiter.get();
    assertEnd();
  }

  @Case(needs = {Trait.ABORT_SEEN, Trait.TWO_PARTIES})
  void awaitReadableReturnsOnAFailureAndLeavesItToTheRead() throws Exception {
    Task<Void> waiter = asyncRun(() -> source().awaitReadable(FOREVER)).waiting();
    subject().abort(new IOException("cut on purpose"));
    waiter.get();
    assertThrows(IOException.class, () -> source().read(room(1), NONE));
  }

  @Case(needs = Trait.BOUNDED)
  void awaitWritableReturnsOnRoom() throws Exception {
    long filled = fill();
    Task<Void> waiter = asyncRun(() -> sink().awaitWritable(FOREVER)).waiting();
    receivePattern(0, filled);
    waiter.get();
    assertEquals(1, sink().write(bytes("x"), NONE));
  }

  @Case
  void awaitWritableFailsWhenNoRoomWillEverCome() throws IOException {
    sink().end();
    assertThrows(io.penstock.error.BrokenPipeException.class, () -> sink().awaitWritable(FOREVER));
  }
}
