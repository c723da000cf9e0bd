// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.view;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.error.EndOfStreamException;
import io.penstock.error.FrameTooLongException;
import io.penstock.error.StreamTimeoutException;
import io.penstock.error.WouldBlockException;
import io.penstock.pipe.Pipe;
import io.penstock.pipe.PipeOptions;
import io.penstock.standalone.Penstock;
import io.penstock.stream.ByteConsumer;
import io.penstock.stream.ByteSource;
import io.penstock.stream.FrameSink;
import io.penstock.stream.FrameSource;
import io.penstock.stream.Framer;
import io.penstock.stream.Framing;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.lang.reflect.Proxy;
import java.net.ProtocolException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What a view of frames takes from its source, and what it leaves there. */
class FrameViewTest {
  private static final Framing LINES = Framing.lines(8);
  private static final Wait SOON = Wait.millis(20_000);
  private static final Wait NOW = Wait.none();
  private static final Duration BRIEF = Duration.ofMillis(30);

  private final Penstock penstock = Penstock.open();
  private final Pipe pipe = penstock.pipes().create(PipeOptions.defaults());

  @AfterEach
  void close() throws IOException {
    pipe.close();
    penstock.close();
  }

  private void write(String text) throws IOException {
    pipe.sink().writeFully(bytes(text), SOON);
  }

  private static ByteBuffer bytes(String text) {
    return ByteBuffer.wrap(text.getBytes(StandardCharsets.ISO_8859_1));
  }

  private static @Nullable String text(@Nullable ByteBuffer bytes) {
    return bytes == null ? null : StandardCharsets.ISO_8859_1.decode(bytes).toString();
  }

  private String rest() throws IOException {
    return Objects.requireNonNull(text(pipe.source().drain()));
  }

  private FrameSource frames(Framing framing) {
    return pipe.source().frames(framing);
  }

  @Test
  void whatFollowsAFrameStaysOnTheSource() throws Exception {
    FrameSource frames = frames(LINES);
    write("a");
    assertThrows(WouldBlockException.class, () -> frames.next(NOW));
    write("b\nrest");
    assertEquals("ab\n", text(frames.next(NOW)));
    assertEquals(4, pipe.source().available());
    assertEquals("rest", rest());
  }

  @Test
  void anIncompleteFrameStaysOnTheSource() throws Exception {
    FrameSource frames = frames(LINES);
    write("abc");
    assertThrows(WouldBlockException.class, () -> frames.next(NOW));
    assertThrows(StreamTimeoutException.class, () -> frames.next(Wait.upTo(BRIEF)));
    // Another reader takes a part of it: what is left has its delimiter where none was before.
    assertEquals("ab", text(pipe.source().take(2, NOW)));
    write("\nd\n");
    assertEquals("c\n", text(frames.next(NOW)));
    assertEquals("d\n", text(frames.next(NOW)));
  }

  @Test
  void theEndDeliversALastLineAndRefusesATruncatedRecord() throws Exception {
    write("ab");
    pipe.sink().end();
    FrameSource records = frames(Framing.fixed(3));
    for (int i = 0; i < 2; i++) {
      EndOfStreamException e = assertThrows(EndOfStreamException.class, () -> records.next(SOON));
      assertEquals(2, e.count());
    }
    assertEquals("ab", text(frames(LINES).next(SOON)));
    assertNull(frames(LINES).next(SOON));
    assertNull(records.next(SOON));
  }

  @Test
  void aFrameThatIsTooLongFailsEachTimeAndStaysReadable() throws Exception {
    write("ab\n0123456789\n");
    FrameSource frames = frames(LINES);
    assertEquals("ab\n", text(frames.next(NOW)));
    for (int i = 0; i < 2; i++) {
      assertThrows(FrameTooLongException.class, () -> frames.next(SOON));
    }
    assertEquals("0123456789\n", rest());
    assertEquals(0, frames.skipped());
  }

  @Test
  void aFrameThatIsTooLongIsSkippedAndCounted() throws Exception {
    FrameSource frames = frames(LINES.skippingTooLong());
    write("0123456789");
    assertThrows(WouldBlockException.class, () -> frames.next(NOW));
    assertEquals(1, frames.skipped());
    write("0123\nab\n012345678\n");
    assertEquals("ab\n", text(frames.next(NOW)));
    assertThrows(WouldBlockException.class, () -> frames.next(NOW));
    assertEquals(2, frames.skipped());
    write("0123456789");
    pipe.sink().end();
    assertNull(frames.next(SOON));
    assertEquals(3, frames.skipped());
  }

  @Test
  void aSkippedRecordThatIsTruncatedIsAFailure() throws Exception {
    FrameSource frames = frames(Framing.lengthPrefixed(1, 3).skippingTooLong());
    write("\2ab\4abcd\1c\11ab");
    pipe.sink().end();
    assertEquals("ab", text(frames.next(SOON)));
    assertEquals("c", text(frames.next(SOON)));
    assertThrows(EndOfStreamException.class, () -> frames.next(SOON));
    assertEquals(2, frames.skipped());
  }

  @Test
  void aLengthBeyondAllMemoryIsSkippedOrRefused() throws Exception {
    Framing framing = Framing.lengthPrefixed(8, 3);
    write("\377\377\377\377\377\377\377\377");
    FrameTooLongException e =
        assertThrows(FrameTooLongException.class, () -> frames(framing).next(NOW));
    assertTrue(e.getMessage().contains("18446744073709551615"), e.getMessage());
    FrameSource frames = frames(framing.skippingTooLong());
    assertThrows(WouldBlockException.class, () -> frames.next(NOW));
    assertEquals(1, frames.skipped());
  }

  @Test
  void aVarintThatIsTooLongOrNotTheShortestIsRefused() throws Exception {
    Framing framing = Framing.varintPrefixed(300).skippingTooLong();
    for (String bad :
        List.of(
            "\200\0",
            "\377\377\377\377\377\377\377\377\377\377",
            "\377\377\377\377\377\377\377\377\377\2")) {
      write(bad);
      assertThrows(ProtocolException.class, () -> frames(framing).next(NOW));
      assertEquals(bad, rest());
    }
    write("\377\377\377\377\377\377\377\377\377\1");
    FrameSource frames = frames(framing);
    assertThrows(WouldBlockException.class, () -> frames.next(NOW));
    assertEquals(1, frames.skipped());
  }

  @Test
  void whatWasSkippedDoesNotComeBackWhenTheNextFrameIsRefused() throws Exception {
    FrameSource frames = frames(Framing.varintPrefixed(3).skippingTooLong());
    write("\4ab");
    assertThrows(WouldBlockException.class, () -> frames.next(NOW));
    write("cd\200\0");
    assertThrows(ProtocolException.class, () -> frames.next(NOW));
    assertEquals("\200\0", rest());
  }

  @Test
  void aFrameThatDripsIsTooLateWhateverTheCallerWaits() throws Exception {
    FrameSource frames = frames(LINES.withFrameTimeout(BRIEF));
    // Silence before a frame is not its time.
    assertThrows(StreamTimeoutException.class, () -> frames.next(Wait.upTo(BRIEF.multipliedBy(2))));
    write("a");
    CountDownLatch stop = new CountDownLatch(1);
    CompletableFuture<Void> drip =
        CompletableFuture.runAsync(
            () -> {
              try {
                for (int i = 0; i < 3 && !stop.await(10, TimeUnit.MILLISECONDS); i++) {
                  write("a");
                }
              } catch (IOException | InterruptedException e) {
                throw new AssertionError(e);
              }
            });
    StreamTimeoutException e =
        assertThrows(StreamTimeoutException.class, () -> frames.next(Wait.forever()));
    stop.countDown();
    drip.get(20, TimeUnit.SECONDS);
    assertTrue(e.getMessage().contains("a frame was not whole within 30 ms"), e.getMessage());
    assertTrue(rest().startsWith("a"));
  }

  @Test
  void theTimeOfAFrameIsThatOfAllCallsTogether() throws Exception {
    FrameSource frames = frames(LINES.withFrameTimeout(Duration.ofMillis(200)));
    write("a");
    StreamTimeoutException e = null;
    for (int i = 0; i < 100 && (e == null || !e.getMessage().contains("200 ms")); i++) {
      e = assertThrows(StreamTimeoutException.class, () -> frames.next(Wait.upTo(BRIEF)));
    }
    assertTrue(
        Objects.requireNonNull(e).getMessage().contains("not whole within 200 ms"), e.getMessage());
    // What is whole in the end is delivered all the same.
    write("b\n");
    assertEquals("ab\n", text(frames.next(NOW)));
  }

  @Test
  void aSkippedFrameHasItsTimeToo() throws Exception {
    FrameSource frames = frames(LINES.withFrameTimeout(BRIEF).skippingTooLong());
    write("0123456789");
    assertThrows(StreamTimeoutException.class, () -> frames.next(SOON));
  }

  @Test
  void silenceIsLimitedByItsOwn() throws Exception {
    FrameSource frames = frames(Framing.bytes().withIdleTimeout(BRIEF));
    StreamTimeoutException e = assertThrows(StreamTimeoutException.class, () -> frames.next(SOON));
    assertTrue(e.getMessage().contains("nothing came within 30 ms"), e.getMessage());
  }

  @Test
  void anIteratorKeepsWhatItHasFound() throws Exception {
    write("a\nb\nc\nrest");
    FrameSource frames = frames(LINES);
    Iterator<ByteBuffer> all = frames.iterator();
    assertTrue(all.hasNext());
    assertTrue(all.hasNext());
    assertEquals("a\n", text(frames.next(NOW)));
    assertEquals("b\n", text(all.next()));
    pipe.sink().end();
    List<String> last = new ArrayList<>();
    for (ByteBuffer frame : frames) {
      last.add(Objects.requireNonNull(text(frame)));
    }
    assertEquals(List.of("c\n", "rest"), last);
    assertFalse(all.hasNext());
  }

  @Test
  void aFrameLargerThanThePipeIsRead() throws Exception {
    try (Pipe small = penstock.pipes().create(PipeOptions.defaults().withCapacity(2))) {
      Framing framing = Framing.lengthPrefixed(4, 100);
      CompletableFuture<Void> written =
          CompletableFuture.runAsync(
              () -> {
                try {
                  small.sink().writeFully(framing.encode(bytes("x".repeat(100))), SOON);
                } catch (IOException e) {
                  throw new AssertionError(e);
                }
              });
      assertEquals("x".repeat(100), text(small.source().frames(framing).next(SOON)));
      written.get(20, TimeUnit.SECONDS);
    }
  }

  @Test
  void oneThreadAtATime() throws Exception {
    FrameSource[] frames = new FrameSource[1];
    Framer within =
        bytes -> {
          CompletableFuture.runAsync(
                  () -> assertThrows(IllegalStateException.class, () -> frames[0].next(NOW)))
              .join();
          return bytes.remaining();
        };
    frames[0] = frames(Framing.custom(9, () -> within));
    write("a");
    assertEquals("a", text(frames[0].next(SOON)));
  }

  @Test
  void aFramerThatLiesIsTold() throws Exception {
    write("ab");
    for (int lie : new int[] {3, -3}) {
      Framing framing = Framing.custom(9, () -> (Framer) bytes -> lie);
      assertThrows(IllegalStateException.class, () -> frames(framing).next(NOW));
    }
    assertEquals("ab", rest());
  }

  @Test
  void aFrameIsWrittenWholeOrNotAtAll() throws Exception {
    try (Pipe small = penstock.pipes().create(PipeOptions.defaults().withCapacity(4))) {
      FrameSink frames = small.sink().frames(LINES);
      ByteBuffer frame = bytes("abcd");
      frames.write(frame, NOW);
      assertEquals(4, frame.remaining());
      assertThrows(WouldBlockException.class, () -> frames.write(frame, NOW));
      assertThrows(StreamTimeoutException.class, () -> frames.write(frame, Wait.upTo(BRIEF)));
      assertEquals("abcd\n", text(small.source().drain()));
      frames.writeAsync(bytes("ef")).toCompletableFuture().get(20, TimeUnit.SECONDS);
      assertEquals("ef\n", text(small.source().drain()));
    }
  }

  @Test
  void whatCannotBeEncodedIsNotWritten() throws Exception {
    FrameSink frames = pipe.sink().frames(LINES);
    assertThrows(IllegalArgumentException.class, () -> frames.write(bytes("a\nb"), NOW));
    assertThrows(IllegalArgumentException.class, () -> frames.writeAsync(bytes("a\nb")));
    assertEquals("", rest());
    assertSame(LINES, frames.framing());
    assertSame(pipe.sink(), frames.sink());
  }

  /** What a call is told whose thread is not ours. */
  private static Throwable fails(Framing framing, Callable<?> call) throws Exception {
    CompletableFuture<Throwable> told = new CompletableFuture<>();
    Thread caller =
        new Thread(
            () -> {
              try {
                Object got = call.call();
                told.complete(new AssertionError(framing + " gave " + got));
              } catch (Exception | Error e) {
                told.complete(e);
              }
            },
            "caller");
    caller.setDaemon(true);
    caller.start();
    return told.get(20, TimeUnit.SECONDS);
  }

  @Test
  void aCallWaitsWhileAnotherCallerHasTheTurn() throws Exception {
    write("a");
    FrameSource frames = frames(LINES);
    FrameSource limited = frames(LINES.withIdleTimeout(BRIEF));
    int none =
        pipe.source()
            .consume(
                1,
                run -> {
                  try {
                    Throwable e = fails(LINES, () -> frames.next(Wait.upTo(BRIEF)));
                    assertEquals(StreamTimeoutException.class, e.getClass());
                    e = fails(LINES, () -> limited.next(SOON));
                    assertEquals(StreamTimeoutException.class, e.getClass());
                    e =
                        fails(
                            LINES,
                            () -> {
                              Thread.currentThread().interrupt();
                              return frames.next(SOON);
                            });
                    assertEquals(InterruptedIOException.class, e.getClass());
                  } catch (Exception e) {
                    throw new AssertionError(e);
                  }
                },
                NOW);
    assertEquals(0, none);
    write("\n");
    assertEquals("a\n", text(frames.next(SOON)));
  }

  /** A source that has bytes without end; each read of them takes a millisecond. */
  private static FrameCutter endless(Framing framing) {
    AtomicLong millis = new AtomicLong();
    ByteSource source =
        (ByteSource)
            Proxy.newProxyInstance(
                ByteSource.class.getClassLoader(),
                new Class<?>[] {ByteSource.class},
                (proxy, method, arguments) -> {
                  if (method.getName().equals("name")) {
                    return "endless";
                  }
                  assertEquals("consume", method.getName());
                  millis.incrementAndGet();
                  ByteBuffer run = ByteBuffer.allocate((int) arguments[0]).put(0, (byte) 1);
                  ((ByteConsumer) arguments[1]).accept(run);
                  return run.position();
                });
    return new FrameCutter(
        source, framing, back -> {}, () -> TimeUnit.MILLISECONDS.toNanos(millis.get()));
  }

  @Test
  void aPeerThatIsSkippedWithoutEndHoldsNobody() throws Exception {
    Framing framing = Framing.lengthPrefixed(8, 64 * 1024).skippingTooLong();
    FrameCutter cutter = endless(framing.withFrameTimeout(Duration.ofSeconds(5)));
    Throwable e = fails(framing, () -> cutter.next(Wait.forever()));
    assertTrue(e.getMessage().contains("not whole within 5000 ms"), e.toString());
    assertEquals(1, cutter.skipped());
    Wait until = Wait.until(TimeUnit.SECONDS.toNanos(3));
    e = fails(framing, () -> endless(framing).next(until));
    assertEquals(StreamTimeoutException.class, e.getClass());
    e = fails(framing, () -> endless(framing).next(NOW));
    assertEquals(WouldBlockException.class, e.getClass());
    e =
        fails(
            framing,
            () -> {
              Thread.currentThread().interrupt();
              return endless(framing).next(Wait.forever());
            });
    assertEquals(InterruptedIOException.class, e.getClass());
  }

  /** Asks for so many frames, and notes what comes. */
  private static final class Noting implements Flow.Subscriber<ByteBuffer> {
    private final long asks;
    private final List<String> got = new ArrayList<>();
    private final CountDownLatch first = new CountDownLatch(1);
    private final CompletableFuture<String> over = new CompletableFuture<>();
    private Flow.@Nullable Subscription subscription;

    Noting(long asks) {
      this.asks = asks;
    }

    @Override
    public void onSubscribe(Flow.Subscription to) {
      subscription = to;
      to.request(asks);
    }

    @Override
    public void onNext(ByteBuffer frame) {
      got.add(Objects.requireNonNull(text(frame)));
      first.countDown();
    }

    @Override
    public void onError(Throwable cause) {
      over.complete(cause.getClass().getSimpleName());
    }

    @Override
    public void onComplete() {
      over.complete("complete");
    }
  }

  @Test
  void aPublisherReportsLateFramesThatNothingElseWouldShow() throws Exception {
    Noting noting = new Noting(9);
    write("a\nb");
    frames(LINES.withFrameTimeout(BRIEF)).publisher().subscribe(noting);
    assertEquals("StreamTimeoutException", noting.over.get(20, TimeUnit.SECONDS));
    assertEquals(List.of("a\n"), noting.got);
    assertEquals("b", rest());
  }

  @Test
  void aPublisherDeliversALastLineOnlyWhenAsked() throws Exception {
    FrameSource frames = frames(LINES);
    Noting noting = new Noting(1);
    frames.publisher().subscribe(noting);
    write("a\nlast");
    assertTrue(noting.first.await(20, TimeUnit.SECONDS));
    pipe.sink().end();
    Objects.requireNonNull(noting.subscription).request(2);
    assertEquals("complete", noting.over.get(20, TimeUnit.SECONDS));
    assertEquals(List.of("a\n", "last"), noting.got);
  }

  @Test
  void whatASubscriberDidNotGetStaysReadable() throws Exception {
    FrameSource frames = frames(LINES);
    Noting noting = new Noting(9);
    frames.publisher().subscribe(noting);
    write("a\nbc");
    assertTrue(noting.first.await(20, TimeUnit.SECONDS));
    Objects.requireNonNull(noting.subscription).cancel();
    write("d\n");
    Noting next = new Noting(1);
    frames.publisher().subscribe(next);
    assertTrue(next.first.await(20, TimeUnit.SECONDS));
    assertEquals(List.of("bcd\n"), next.got);
  }
}
