// SPDX-License-Identifier: Apache-2.0
package io.penstock.testing.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.error.EndOfStreamException;
import io.penstock.error.StreamTimeoutException;
import io.penstock.stream.ByteSink;
import io.penstock.stream.ByteSource;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** What the suites share: a fresh subject for each case, and the words that cases are made of. */
abstract class Suite {
  static final Wait FOREVER = Wait.forever();
  static final Wait NONE = Wait.none();
  static final Wait AT_ONCE = Wait.upTo(Duration.ZERO);

  /** A limit that is meant to pass. */
  static final Duration SHORT = Duration.ofMillis(30);

  /** A limit that must not pass. */
  static final Duration LONG = Duration.ofSeconds(20);

  // Assigned before each case; a suite without a subject never gets here.
  private @Nullable Subject subject;

  /**
   * The kind that the suite runs against.
   *
   * @return always the same
   */
  protected abstract Kind kind();

  @BeforeEach
  void openSubject() throws Exception {
    subject = kind().open();
  }

  @AfterEach
  void closeSubject() throws Exception {
    if (subject != null) {
      subject.close();
    }
  }

  final Subject subject() {
    if (subject == null) {
      throw new IllegalStateException("no subject was opened");
    }
    return subject;
  }

  final ByteSink sink() {
    return subject().sink();
  }

  final ByteSource source() {
    return subject().source();
  }

  /** Makes a call on another thread of the same sort as the case's. */
  static <T> Task<T> async(Callable<T> call) {
    return Task.start(Threads.isVirtual(Thread.currentThread()), "case helper", call);
  }

  /** A call without a result. */
  interface Step {
    void run() throws Exception;
  }

  static Task<Void> asyncRun(Step step) {
    return async(
        () -> {
          step.run();
          return null;
        });
  }

  static ByteBuffer bytes(String text) {
    return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
  }

  static ByteBuffer bytes(int count) {
    byte[] pattern = new byte[count];
    for (int i = 0; i < count; i++) {
      pattern[i] = patternAt(i);
    }
    return ByteBuffer.wrap(pattern);
  }

  static byte patternAt(long index) {
    return (byte) (index * 31 + (index >> 8));
  }

  static String text(@Nullable ByteBuffer buffer) {
    assertNotNull(buffer, "a buffer was expected, not the end");
    return StandardCharsets.UTF_8.decode(buffer.duplicate()).toString();
  }

  static ByteBuffer room(int size) {
    return ByteBuffer.allocate(size);
  }

  final void send(String text) throws IOException {
    sink().writeFully(text, Wait.upTo(LONG));
  }

  /** Reads exactly so many bytes as text. */
  final String receive(int count) throws IOException {
    ByteBuffer buffer = room(count);
    source().readFully(buffer, Wait.upTo(LONG));
    return text(buffer.flip());
  }

  final String receiveAll() throws IOException {
    return text(source().readAll(Integer.MAX_VALUE, Wait.upTo(LONG)));
  }

  final void assertEnd() throws IOException {
    assertEquals(-1, source().read(room(1), Wait.upTo(LONG)));
  }

  /** Returns once so many bytes have really arrived; none of them is consumed. */
  final void arrived(int count) throws IOException {
    while (source().available() < count) {
      assertTrue(!kind().has(Trait.IMMEDIATE), "what was written must be readable at once");
      try {
        // One more than will come: what a long read gathered in vain is readable again.
        source().readFully(room(count + 1), Wait.upTo(Duration.ofMillis(5)));
      } catch (StreamTimeoutException | EndOfStreamException e) {
        assertTrue(source().available() <= count, "more arrived than was written");
      }
    }
  }

  /** Flushes what was written, unless the kind is immediate. */
  final void flushed() throws IOException {
    flushed(sink());
  }

  /** As {@link #flushed()}, with another subject's sink of the same kind. */
  final void flushed(ByteSink sink) throws IOException {
    if (!kind().has(Trait.IMMEDIATE)) {
      sink.flush(Wait.upTo(LONG));
    }
  }

  /**
   * Returns once exactly so many bytes can be read. An immediate kind has them already; another one
   * is flushed, and then nothing is read to wait for them.
   */
  final void counted(long count) throws IOException {
    flushed();
    if (!kind().has(Trait.IMMEDIATE)) {
      settle(() -> source().available() >= count);
    }
    assertEquals(count, source().available());
  }

  /** Fails unless there is so much room: of an immediate kind now, of another one soon. */
  final void assertRoom(long expected) {
    if (!kind().has(Trait.IMMEDIATE)) {
      settle(() -> sink().room() == expected);
    }
    assertEquals(expected, sink().room());
  }

  /** Waits until something is so, or for {@link #LONG}; for what has no signal. */
  private static void settle(BooleanSupplier state) {
    long start = System.nanoTime();
    while (!state.getAsBoolean() && since(start) < LONG.toNanos()) {
      LockSupport.parkNanos(200_000);
    }
  }

  /** Writes a pattern until the sink is full and stays so; returns how many bytes went in. */
  final long fill() throws IOException {
    return fill(sink());
  }

  /** As {@link #fill()}, with another subject's sink of the same kind. */
  final long fill(ByteSink sink) throws IOException {
    // Several waits, because this machine may stall for the whole of one.
    Duration moment = Duration.ofMillis(kind().has(Trait.UNAIDED) ? 20 : 100);
    long filled = 0;
    int size = 4096;
    for (int vain = 0; vain < 4; ) {
      int written = sink.write(pattern(filled, size), NONE);
      filled += written;
      if (written > 0) {
        vain = 0;
        size = Math.min(2 * size, 4096);
        continue;
      }
      if (kind().has(Trait.IMMEDIATE)) {
        break;
      }
      // What is on its way makes room for a while; and a single byte may still go where a piece
      // does not.
      size = 1;
      try {
        sink.awaitWritable(Wait.upTo(moment));
        vain = 0;
      } catch (StreamTimeoutException full) {
        vain++;
      }
    }
    return filled;
  }

  private static ByteBuffer pattern(long from, int count) {
    ByteBuffer piece = room(count);
    for (int i = 0; i < count; i++) {
      piece.put(patternAt(from + i));
    }
    return piece.flip();
  }

  /** Reads and checks so many bytes of the pattern, from an index on. */
  final void receivePattern(long from, long to) throws IOException {
    ByteBuffer buffer = room(8192);
    for (long at = from; at < to; ) {
      buffer.clear().limit((int) Math.min(buffer.capacity(), to - at));
      int count = source().read(buffer, Wait.upTo(LONG));
      assertTrue(count > 0, "the stream ended after " + at + " of " + to + " bytes");
      buffer.flip();
      while (buffer.hasRemaining()) {
        byte found = buffer.get();
        if (found != patternAt(at)) {
          throw new AssertionError("byte " + at + " is " + found + ", expected " + patternAt(at));
        }
        at++;
      }
    }
  }

  /** Fails unless the cause is what was thrown, or is behind it. */
  static void assertCause(Throwable expected, Throwable thrown) {
    for (Throwable each = thrown; each != null; each = each.getCause()) {
      if (each == expected) {
        return;
      }
    }
    throw new AssertionError(thrown + " does not carry the cause " + expected, thrown);
  }

  /** Lets time pass; only for cases whose subject is time. */
  static void pass(Duration time) throws InterruptedException {
    CountDownLatch never = new CountDownLatch(1);
    if (never.await(time.toNanos(), TimeUnit.NANOSECONDS)) {
      throw new AssertionError("nobody counts this latch down");
    }
  }

  static long since(long start) {
    return System.nanoTime() - start;
  }

  static void assertAtLeast(Duration expected, long nanos) {
    assertTrue(
        nanos >= expected.toNanos(), () -> "it took " + nanos + " ns, less than " + expected);
  }

  /** Returns once a condition holds that nothing signals; fails when it never does. */
  static void assertSoon(Check check) throws Exception {
    long deadline = System.nanoTime() + Task.LIMIT.toNanos();
    while (!check.holds()) {
      assertTrue(System.nanoTime() - deadline < 0, "it did not come true within " + Task.LIMIT);
      java.util.concurrent.locks.LockSupport.parkNanos(500_000);
    }
  }

  /** A condition. */
  interface Check {
    boolean holds() throws Exception;
  }
}
