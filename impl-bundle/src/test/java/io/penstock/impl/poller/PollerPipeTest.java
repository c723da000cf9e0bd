// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.poller;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.error.StreamClosedException;
import io.penstock.error.StreamClosedWhileWaitingException;
import io.penstock.impl.core.End;
import io.penstock.impl.core.SourceEnd;
import io.penstock.pipe.Pipe;
import io.penstock.poller.ChannelHandler;
import io.penstock.poller.PollEvent;
import io.penstock.poller.Registration;
import io.penstock.poller.SinkRegistration;
import io.penstock.stream.Framing;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class PollerPipeTest {
  private final Bench bench = new Bench();
  private final SelectorPoller poller = bench.poller();
  private final Recorder recorder = new Recorder();

  @AfterEach
  void close() {
    poller.close();
    bench.close();
  }

  // ---- waiting

  @Test
  void aWriteWakesAPollThatWaitsAndNothingElseDoes() throws Exception {
    Pipe pipe = bench.pipe("a");
    poller.register(pipe.source(), Framing.bytes());
    CompletableFuture<Integer> polled = Bench.start(() -> poller.poll(Wait.forever(), recorder));
    Bench.untilSelecting(poller, 0);
    assertThrows(
        java.util.concurrent.TimeoutException.class,
        () -> polled.get(300, TimeUnit.MILLISECONDS),
        "there was nothing to return for");
    assertTrue(poller.selects() <= 2, "an idle poll looked " + poller.selects() + " times");

    Bench.write(pipe.sink(), "hello");

    assertEquals(1, Bench.get(polled));
    assertEquals(List.of("a=hello"), recorder.drain());
    assertTrue(poller.selects() <= 3, "one wake-up took " + poller.selects() + " looks");
  }

  @Test
  void aThousandWritesWhileNobodyPollsAreOneEvent() throws Exception {
    Pipe pipe = bench.pipe("a");
    poller.register(pipe.source(), Framing.bytes());
    for (int i = 0; i < 1000; i++) {
      Bench.write(pipe.sink(), "x");
    }
    assertEquals(1, poller.poll(Bench.SOON, recorder));
    assertEquals(List.of("a=" + "x".repeat(1000)), recorder.drain());
  }

  @Test
  void aTimeOutGivesNothing() throws IOException {
    Pipe pipe = bench.pipe("a");
    poller.register(pipe.source(), Framing.bytes());
    long start = System.nanoTime();
    assertEquals(0, poller.poll(Wait.upTo(Duration.ofMillis(60)), recorder));
    assertTrue(System.nanoTime() - start >= TimeUnit.MILLISECONDS.toNanos(60));
    start = System.nanoTime();
    assertEquals(List.of(), poller.poll(Wait.until(start + TimeUnit.MILLISECONDS.toNanos(60))));
    assertTrue(System.nanoTime() - start >= TimeUnit.MILLISECONDS.toNanos(60));
  }

  @Test
  void lookingWithoutWaitingFindsWhatIsThere() throws IOException {
    Pipe pipe = bench.pipe("a");
    poller.register(pipe.source(), Framing.bytes());
    assertEquals(0, poller.poll(Wait.none(), recorder));
    Bench.write(pipe.sink(), "1");
    assertEquals(1, poller.poll(Wait.none(), recorder));
    assertEquals(0, poller.poll(Wait.upTo(Duration.ZERO), recorder));
    Bench.write(pipe.sink(), "2");
    assertEquals(1, poller.poll(Wait.upTo(Duration.ZERO), recorder));
    Bench.write(pipe.sink(), "3");
    assertEquals(1, poller.poll(Wait.until(System.nanoTime() - 1), recorder));
    assertEquals(List.of("a=1", "a=2", "a=3"), recorder.drain());
  }

  @Test
  void wakeupEndsTheWaitOrTheNextOne() throws Exception {
    CompletableFuture<List<PollEvent>> polled = Bench.start(() -> poller.poll(Wait.forever()));
    Bench.untilSelecting(poller, 0);
    poller.wakeup();
    assertEquals(List.of(), Bench.get(polled));

    poller.wakeup();
    assertEquals(0, poller.poll(Wait.forever(), recorder));
    assertEquals(0, poller.poll(Wait.upTo(Duration.ofMillis(1)), recorder));
  }

  @Test
  void anInterruptEndsTheWaitAndKeepsItsFlag() throws Exception {
    Pipe pipe = bench.pipe("a");
    poller.register(pipe.source(), Framing.bytes());
    AtomicReference<Thread> thread = new AtomicReference<>();
    CompletableFuture<Boolean> flag =
        Bench.start(
            () -> {
              thread.set(Thread.currentThread());
              assertThrows(
                  InterruptedIOException.class, () -> poller.poll(Wait.forever(), recorder));
              return Thread.currentThread().isInterrupted();
            });
    Bench.untilSelecting(poller, 0);
    thread.get().interrupt();
    assertTrue(Bench.get(flag));

    Bench.write(pipe.sink(), "still there");
    Thread.currentThread().interrupt();
    try {
      assertEquals(1, poller.poll(Wait.forever(), recorder), "data beats the interrupt");
      assertThrows(InterruptedIOException.class, () -> poller.poll(Wait.forever(), recorder));
      assertEquals(0, poller.poll(Wait.none(), recorder));
    } finally {
      assertTrue(Thread.interrupted());
    }
  }

  @Test
  void aSecondPollWaitsForItsTurnUnderItsOwnLimit() throws Exception {
    Pipe pipe = bench.pipe("a");
    poller.register(pipe.source(), Framing.bytes());
    CompletableFuture<Integer> first = Bench.start(() -> poller.poll(Wait.forever(), recorder));
    Bench.untilSelecting(poller, 0);
    assertEquals(0, poller.poll(Wait.none(), recorder));
    assertEquals(0, poller.poll(Wait.upTo(Duration.ofMillis(20)), recorder));
    CompletableFuture<Integer> second =
        Bench.start(() -> poller.poll(Wait.forever(), new Recorder()));
    Bench.write(pipe.sink(), "x");
    assertEquals(1, Bench.get(first));
    assertFalse(second.isDone());
    Bench.write(pipe.sink(), "y");
    assertEquals(1, Bench.get(second));
  }

  // ---- the life of a registration

  @Test
  void theEndComesOnceAfterTheData() throws IOException {
    Pipe pipe = bench.pipe("a");
    poller.register(pipe.source(), Framing.bytes());
    Bench.write(pipe.sink(), "last");
    pipe.sink().end();
    assertEquals(2, poller.poll(Bench.SOON, recorder));
    assertEquals(List.of("a=last", "a ended"), recorder.drain());
    assertEquals(0, poller.poll(Wait.none(), recorder));
    assertEquals(0, poller.size());
  }

  @Test
  void anAbortIsAFailureOnce() throws IOException {
    Pipe pipe = bench.pipe("a");
    poller.register(pipe.source(), Framing.bytes());
    Bench.write(pipe.sink(), "cut");
    pipe.abort(new IOException("the cause"));
    poller.poll(Bench.SOON, recorder);
    poller.poll(Wait.none(), recorder);
    assertEquals(List.of("a=cut", "a failed IOException"), recorder.drain());
    assertTrue(recorder.failures.get(0).getMessage().contains("the cause"));
    assertEquals(0, poller.size());
  }

  @Test
  void aLocalCloseIsAnEndOnce() throws Exception {
    Pipe pipe = bench.pipe("a");
    SinkRegistration sink = poller.register(pipe.sink());
    poller.register(pipe.source(), Framing.bytes()).pause();
    sink.wantWritable();
    assertEquals(1, poller.poll(Bench.SOON, recorder));
    CompletableFuture<Integer> polled = Bench.start(() -> poller.poll(Wait.forever(), recorder));
    pipe.close();
    Bench.get(polled);
    poller.poll(Wait.none(), recorder);
    List<String> seen = recorder.drain();
    assertEquals("a writable", seen.get(0));
    assertEquals(List.of("a ended", "a ended"), seen.subList(1, seen.size()));
    assertEquals(0, poller.size());
  }

  @Test
  void anEndIsRegisteredOnceAtAPoller() throws IOException {
    Pipe pipe = bench.pipe("a");
    Registration first = poller.register(pipe.source(), Framing.bytes());
    assertThrows(
        IllegalStateException.class, () -> poller.register(pipe.source(), Framing.bytes()));
    first.close();
    first.close();
    Registration second = poller.register(pipe.source(), Framing.bytes());
    first.close();
    assertSame(second, second.attach("mine"));
    assertEquals("mine", second.attachment());
    assertTrue(second.channel().isEmpty());
    Bench.write(pipe.sink(), "x");
    assertEquals(second, poller.poll(Bench.SOON).get(0).registration());
  }

  @Test
  void unregisteringGivesBackWhatWasNotDelivered() throws IOException {
    Pipe pipe = bench.pipe("a");
    Registration lines = poller.register(pipe.source(), Framing.lines(100));
    Bench.write(pipe.sink(), "one\ntw");
    assertEquals(1, poller.poll(Bench.SOON, recorder));
    assertEquals(0, pipe.source().available());
    lines.close();
    assertEquals(2, pipe.source().available());
    Bench.write(pipe.sink(), "o\n");
    assertEquals("two\n", Recorder.text(pipe.source().drain()));
    assertEquals(0, poller.poll(Wait.none(), recorder));
  }

  @Test
  void unregisteringFromWithinAnEventGivesBackTheRest() throws IOException {
    Pipe pipe = bench.pipe("a");
    poller.register(pipe.source(), Framing.lines(100));
    Bench.write(pipe.sink(), "one\ntwo\nthree\nfo");
    List<Long> there = new ArrayList<>();
    Recorder closing =
        new Recorder() {
          @Override
          public void data(Registration registration, ByteBuffer frame) throws IOException {
            super.data(registration, frame);
            registration.close();
            there.add(pipe.source().available());
          }
        };
    assertEquals(1, poller.poll(Bench.SOON, closing));
    assertEquals(List.of("a=one\n"), closing.drain());
    assertEquals(List.of(12L), there);
    assertEquals("two\nthree\nfo", Recorder.text(pipe.source().drain()));
  }

  @Test
  void unregisteringFromAnotherThreadDuringAnEventGivesBackTheRest() throws Exception {
    Pipe pipe = bench.pipe("a");
    Registration lines = poller.register(pipe.source(), Framing.lines(100));
    Bench.write(pipe.sink(), "one\ntwo\nthree\nfo");
    CountDownLatch inside = new CountDownLatch(1);
    CountDownLatch closed = new CountDownLatch(1);
    Recorder slow =
        new Recorder() {
          @Override
          public void data(Registration registration, ByteBuffer frame) throws IOException {
            inside.countDown();
            awaitQuietly(closed);
            super.data(registration, frame);
          }
        };
    CompletableFuture<Integer> polled = Bench.start(() -> poller.poll(Wait.forever(), slow));
    assertTrue(inside.await(20, TimeUnit.SECONDS));
    lines.close();
    assertEquals("two\nthree\nfo", Recorder.text(pipe.source().drain()));
    closed.countDown();
    assertEquals(1, Bench.get(polled));
    assertEquals(List.of("a=one\n"), slow.drain());
  }

  private static void awaitQuietly(CountDownLatch latch) {
    try {
      assertTrue(latch.await(20, TimeUnit.SECONDS));
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  // ---- pausing

  @Test
  void whileItIsPausedNothingIsRead() throws IOException {
    Pipe pipe = bench.pipe("a", 10);
    Registration registration = poller.register(pipe.source(), Framing.lines(10)).pause();
    registration.pause();
    Bench.write(pipe.sink(), "1\n2\n3\n4\n5\n");
    assertEquals(0, poller.poll(Wait.none(), recorder));
    assertEquals(0, pipe.sink().write(Bench.bytes("x"), Wait.none()), "back-pressure is gone");
    registration.resume();
    Recorder pausing =
        new Recorder() {
          @Override
          public void data(Registration registration, ByteBuffer frame) throws IOException {
            super.data(registration, frame);
            registration.pause();
          }
        };
    assertEquals(1, poller.poll(Bench.SOON, pausing));
    assertEquals(0, poller.poll(Wait.none(), pausing));
    registration.resume();
    assertEquals(4, poller.poll(Bench.SOON, recorder));
    assertEquals(List.of("a=1\n"), pausing.drain());
    assertEquals(List.of("a=2\n", "a=3\n", "a=4\n", "a=5\n"), recorder.drain());
  }

  @Test
  void resumingWakesWhoPolls() throws Exception {
    Pipe pipe = bench.pipe("a");
    Registration registration = poller.register(pipe.source(), Framing.bytes()).pause();
    CompletableFuture<Integer> polled = Bench.start(() -> poller.poll(Wait.forever(), recorder));
    Bench.untilSelecting(poller, 0);
    long before = poller.selects();
    Bench.write(pipe.sink(), "x");
    assertFalse(polled.isDone());
    assertEquals(before, poller.selects(), "a write to a paused source woke the poll");
    registration.resume();
    assertEquals(1, Bench.get(polled));
  }

  // ---- writing

  @Test
  void writableComesOnceForEachWish() throws IOException {
    Pipe pipe = bench.pipe("a", 4);
    SinkRegistration sink = poller.register(pipe.sink());
    assertEquals(0, poller.poll(Wait.none(), recorder));
    sink.wantWritable();
    assertEquals(1, poller.poll(Bench.SOON, recorder));
    assertEquals(0, poller.poll(Wait.none(), recorder));
    Bench.write(pipe.sink(), "full");
    sink.wantWritable();
    assertEquals(0, poller.poll(Wait.none(), recorder));
    pipe.source().drain();
    assertEquals(1, poller.poll(Bench.SOON, recorder));
    Bench.write(pipe.sink(), "full");
    sink.wantWritable();
    assertEquals(0, poller.poll(Wait.none(), recorder));
    pipe.source().close();
    assertEquals(1, poller.poll(Bench.SOON, recorder), "a write would fail at once");
    assertEquals(List.of("a writable", "a writable", "a writable"), recorder.drain());
  }

  // ---- handlers

  @Test
  void whatAHandlerThrowsComesOutAndNothingElseIsLost() throws IOException {
    Pipe a = bench.pipe("a");
    Pipe b = bench.pipe("b");
    poller.register(a.source(), Framing.lines(100));
    poller.register(b.source(), Framing.lines(100));
    Bench.write(a.sink(), "1\n2\n3\n");
    Bench.write(b.sink(), "4\n");
    a.sink().end();
    IOException cause = new IOException("the handler's own");
    Recorder throwing =
        new Recorder() {
          @Override
          public void data(Registration registration, ByteBuffer frame) throws IOException {
            super.data(registration, frame);
            throw cause;
          }
        };
    assertSame(cause, assertThrows(IOException.class, () -> poller.poll(Bench.SOON, throwing)));
    assertEquals(List.of("a=1\n"), throwing.drain());
    assertEquals(4, poller.poll(Bench.SOON, recorder));
    assertEquals(List.of("b=4\n", "a=2\n", "a=3\n", "a ended"), recorder.drain());
  }

  @Test
  void anErrorOfAHandlerComesOut() throws IOException {
    Pipe a = bench.pipe("a");
    poller.register(a.source(), Framing.lines(100));
    Bench.write(a.sink(), "1\n2\n");
    assertThrows(
        AssertionError.class,
        () ->
            poller.poll(
                Bench.SOON,
                new Recorder() {
                  @Override
                  public void data(Registration registration, ByteBuffer frame) throws IOException {
                    throw new AssertionError("on purpose");
                  }
                }));
    assertEquals(1, poller.poll(Bench.SOON, recorder));
    assertEquals(List.of("a=2\n"), recorder.drain());
  }

  @Test
  void aHandlerMayDoEverythingButPoll() throws IOException {
    Pipe a = bench.pipe("a");
    Pipe b = bench.pipe("b");
    Bench.write(a.sink(), "x");
    Bench.write(b.sink(), "y");
    poller.register(a.source(), Framing.bytes());
    List<Throwable> refused = new ArrayList<>();
    Recorder busy =
        new Recorder() {
          @Override
          public void data(Registration registration, ByteBuffer frame) throws IOException {
            super.data(registration, frame);
            if (text(frame.rewind()).equals("x")) {
              refused.add(
                  assertThrows(IllegalStateException.class, () -> poller.poll(Wait.none())));
              registration.close();
              poller.register(b.source(), Framing.bytes());
              poller.register(a.source(), Framing.bytes());
              poller.wakeup();
            }
          }
        };
    assertTrue(poller.poll(Bench.SOON, busy) >= 1);
    poller.poll(Wait.none(), busy);
    assertEquals(List.of("a=x", "b=y"), busy.drain());
    assertEquals(1, refused.size());
    assertEquals(2, poller.size());
  }

  @Test
  void whatIsLentIsReadOnlyAndNothingButTheFrame() throws IOException {
    Pipe a = bench.pipe("a", 1 << 20);
    poller.register(a.source(), Framing.lines(20_000));
    Bench.write(a.sink(), "secret\nshort\n" + "l".repeat(9_999) + "\n");
    List<Integer> sizes = new ArrayList<>();
    poller.poll(
        Bench.SOON,
        new Recorder() {
          @Override
          public void data(Registration registration, ByteBuffer frame) throws IOException {
            assertTrue(frame.isReadOnly());
            assertEquals(0, frame.position());
            sizes.add(frame.limit());
          }
        });
    assertEquals(List.of(7, 6, 10_000), sizes);
  }

  @Test
  void theListHoldsCopies() throws IOException {
    Pipe a = bench.pipe("a");
    poller.register(a.source(), Framing.lines(10));
    Bench.write(a.sink(), "1\n2\n");
    List<PollEvent> events = poller.poll(Bench.SOON);
    assertEquals(2, events.size());
    PollEvent.Data first = assertInstanceOf(PollEvent.Data.class, events.get(0));
    PollEvent.Data second = assertInstanceOf(PollEvent.Data.class, events.get(1));
    assertSame(a.source(), first.source());
    assertFalse(first.bytes().isReadOnly());
    assertEquals("1\n", Recorder.text(first.bytes()));
    assertEquals("2\n", Recorder.text(second.bytes()));
  }

  @Test
  void aLineLeavesNoGarbage() throws IOException {
    com.sun.management.ThreadMXBean threads =
        (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
    Pipe pipe = bench.pipe("a", 1 << 20);
    poller.register(pipe.source(), Framing.lines(100));
    ByteBuffer lines = Bench.bytes(("x".repeat(63) + "\n").repeat(10_000));
    long[] count = new long[2];
    ChannelHandler handler =
        new ChannelHandler() {
          @Override
          public void data(Registration registration, ByteBuffer frame) {
            count[0]++;
            count[1] += frame.get(62);
          }
        };
    long least = Long.MAX_VALUE;
    for (int i = 1; i <= 20; i++) {
      pipe.sink().writeFully(lines.duplicate(), Bench.SOON);
      long before = threads.getCurrentThreadAllocatedBytes();
      while (count[0] < i * 10_000L) {
        poller.poll(Bench.SOON, handler);
      }
      least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
    }
    assertEquals(count[0] * 'x', count[1]);
    // Some bytes for each read and each poll, nothing for each line.
    assertTrue(least < 10_000 * 8, least + " bytes for 10000 lines");
  }

  // ---- fairness

  @Test
  void aNoisySourceLeavesTheOthersTheirShare() throws IOException {
    SelectorPoller small = new SelectorPoller(bench.engine, 8);
    Pipe noisy = bench.pipe("noisy", 1 << 20);
    Pipe quiet = bench.pipe("quiet");
    small.register(noisy.source(), Framing.lines(100));
    small.register(quiet.source(), Framing.lines(100));
    Bench.write(noisy.sink(), "n\n".repeat(1000));
    Bench.write(quiet.sink(), "q\n");
    assertEquals(3, small.poll(Bench.SOON, recorder));
    assertEquals(List.of("noisy=n\n", "noisy=n\n", "quiet=q\n"), recorder.drain());
    // What is left is found without waiting.
    int left = 998;
    while (left > 0) {
      left -= small.poll(Wait.forever(), recorder);
    }
    assertEquals(0, left);
    assertEquals(0, small.poll(Wait.none(), recorder));
    small.close();
  }

  @Test
  void anEventBudgetSpentOnManySourcesGoesOnWithTheNext() throws IOException {
    SelectorPoller small = new SelectorPoller(bench.engine, 3);
    for (int i = 0; i < 10; i++) {
      Pipe pipe = bench.pipe("p" + i);
      small.register(pipe.source(), Framing.bytes());
      Bench.write(pipe.sink(), "" + i);
    }
    List<Integer> counts = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      counts.add(small.poll(Bench.SOON, recorder));
    }
    assertEquals(List.of(3, 3, 3, 1), counts);
    assertEquals(10, recorder.drain().stream().distinct().count());
    small.close();
    assertThrows(IllegalArgumentException.class, () -> new SelectorPoller(bench.engine, 0));
  }

  @Test
  void aFloodOfBytesIsReadInPieces() throws IOException {
    Pipe noisy = bench.pipe("noisy", 1 << 20);
    Pipe quiet = bench.pipe("quiet");
    poller.register(noisy.source(), Framing.bytes());
    poller.register(quiet.source(), Framing.bytes());
    Bench.write(noisy.sink(), "n".repeat(1 << 19));
    Bench.write(quiet.sink(), "q");
    int pieces = Scratch.SHARE / Scratch.SIZE;
    assertEquals(pieces + 1, poller.poll(Bench.SOON, recorder));
    assertEquals("quiet=q", recorder.seen.get(pieces));
    for (String piece : recorder.seen.subList(0, pieces)) {
      assertEquals(Scratch.SIZE, piece.length() - "noisy=".length());
    }
  }

  // ---- closing

  @Test
  void closeWakesWhoPollsAndGivesEverythingBack() throws Exception {
    Pipe pipe = bench.pipe("a");
    Registration registration = poller.register(pipe.source(), Framing.lines(100));
    Bench.write(pipe.sink(), "half a li");
    assertEquals(0, poller.poll(Wait.none(), recorder));
    CompletableFuture<Integer> first = Bench.start(() -> poller.poll(Wait.forever(), recorder));
    Bench.untilSelecting(poller, 0);
    CompletableFuture<Integer> second = Bench.start(() -> poller.poll(Wait.forever(), recorder));
    poller.close();
    poller.close();
    assertThrows(StreamClosedWhileWaitingException.class, () -> Bench.get(first));
    // Whether the second one came before the close is a matter of luck.
    IOException late = assertThrows(IOException.class, () -> Bench.get(second));
    assertTrue(
        late instanceof StreamClosedWhileWaitingException || late instanceof StreamClosedException);
    assertThrows(StreamClosedException.class, () -> poller.poll(Wait.none(), recorder));
    assertThrows(
        IllegalStateException.class, () -> poller.register(pipe.source(), Framing.bytes()));
    assertEquals("half a li", Recorder.text(pipe.source().drain()));
    assertTrue(pipe.source().isOpen());
    registration.close();
    assertEquals(List.of(), recorder.drain());
  }

  /** The poller is closed when it has noted the entry, and the source has not yet. */
  private final class Late extends SourceEntry {
    private int asked;
    private int wakes;

    Late(SelectorPoller poller, Pipe pipe) {
      super(poller, (SourceEnd) pipe.source(), Framing.bytes());
    }

    @Override
    End end() {
      asked++;
      if (asked == 2) {
        poller.close();
      }
      return super.end();
    }

    @Override
    public void wake() {
      wakes++;
      super.wake();
    }
  }

  @Test
  void aRegistrationBesideACloseIsRefusedAndLeavesNothingAtItsSource() throws IOException {
    Pipe pipe = bench.pipe("a");
    Late late = new Late(poller, pipe);
    assertThrows(IllegalStateException.class, () -> poller.add(late));
    assertTrue(late.gone());
    Bench.write(pipe.sink(), "x");
    assertEquals(0, late.wakes, "nobody wakes it");
  }

  @Test
  void aHandlerMayCloseThePoller() throws IOException {
    Pipe pipe = bench.pipe("a");
    poller.register(pipe.source(), Framing.lines(100));
    Bench.write(pipe.sink(), "1\n2\n");
    Recorder closing =
        new Recorder() {
          @Override
          public void data(Registration registration, ByteBuffer frame) throws IOException {
            super.data(registration, frame);
            poller.close();
          }
        };
    assertEquals(1, poller.poll(Bench.SOON, closing));
    assertEquals(List.of("a=1\n"), closing.drain());
    assertEquals("2\n", Recorder.text(pipe.source().drain()));
    assertThrows(StreamClosedException.class, () -> poller.poll(Bench.SOON, closing));
  }

  @Test
  void closeAllClosesWhatIsRegistered() throws IOException {
    Pipe a = bench.pipe("a");
    Pipe b = bench.pipe("b");
    poller.register(a.source(), Framing.bytes());
    poller.register(b.sink());
    poller.closeAll();
    assertFalse(a.source().isOpen());
    assertTrue(a.sink().isOpen());
    assertFalse(b.sink().isOpen());
    assertTrue(b.source().isOpen());
    assertEquals(0, poller.size());
    assertEquals(0, poller.poll(Wait.none(), recorder));
    poller.register(bench.pipe("c").source(), Framing.bytes());
  }
}
