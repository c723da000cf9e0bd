// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.poller;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.Listener;
import io.penstock.error.StreamTimeoutException;
import io.penstock.impl.core.SourceEnd;
import io.penstock.impl.engine.Budget;
import io.penstock.impl.engine.Engine;
import io.penstock.impl.engine.PipeInput;
import io.penstock.impl.engine.SystemParker;
import io.penstock.pipe.Pipe;
import io.penstock.poller.Registration;
import io.penstock.stream.Framing;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** How long a peer may take for a frame, and before it. */
class PollerLimitsTest {
  private static final Framing WITHIN = Framing.lines(100).withFrameTimeout(Duration.ofSeconds(10));
  private static final Framing IDLE = Framing.lines(100).withIdleTimeout(Duration.ofSeconds(60));

  /** A clock that goes only when told. */
  private static final class Clock extends SystemParker {
    private final AtomicLong now = new AtomicLong(Long.MAX_VALUE - 1_000_000_000L);

    void passes(int seconds) {
      now.addAndGet(TimeUnit.SECONDS.toNanos(seconds));
    }

    @Override
    public long nanoTime() {
      return now.get();
    }
  }

  private final Clock clock = new Clock();
  private final Bench bench = new Bench(new Engine(clock));
  private final SelectorPoller poller = bench.poller();
  private final Recorder recorder = new Recorder();
  private final Pipe pipe = bench.pipe("a");

  @AfterEach
  void close() {
    poller.close();
    bench.close();
  }

  private List<String> poll() throws IOException {
    poller.poll(Wait.none(), recorder);
    return recorder.drain();
  }

  // ---- a frame

  @Test
  void aFrameThatDripsFailsWhenItsTimeIsOver() throws IOException {
    poller.register(pipe.source(), WITHIN);
    for (int i = 0; i < 9; i++) {
      Bench.write(pipe.sink(), "x");
      assertEquals(List.of(), poll());
      clock.passes(1);
    }
    Bench.write(pipe.sink(), "x");
    assertEquals(List.of(), poll(), "it is not over yet");
    clock.passes(1);
    assertEquals(List.of("a failed StreamTimeoutException"), poll());
    StreamTimeoutException late =
        assertInstanceOf(StreamTimeoutException.class, recorder.failures.get(0));
    assertEquals("a: a frame was not whole within 10000 ms, 10 bytes are there", late.getMessage());
    assertEquals(10, pipe.source().available(), "the bytes are back");
    assertEquals(0, poller.size());
    assertEquals(0, poller.alarms().size());
    assertEquals(List.of(), poll(), "it is told once");
  }

  @Test
  void aFrameThatIsThereBeatsTheLimitHoweverLateItIsLookedFor() throws IOException {
    poller.register(pipe.source(), WITHIN);
    Bench.write(pipe.sink(), "o");
    assertEquals(List.of(), poll());
    clock.passes(9);
    Bench.write(pipe.sink(), "ne\n");
    clock.passes(9);
    assertEquals(List.of("a=one\n"), poll());
    pipe.sink().end();
    clock.passes(99);
    assertEquals(List.of("a ended"), poll());
  }

  @Test
  void theTimeOfEachFrameBeginsWithItsFirstByte() throws IOException {
    poller.register(pipe.source(), WITHIN);
    assertEquals(List.of(), poll());
    clock.passes(1000);
    assertEquals(List.of(), poll(), "there is no limit for the silence");
    Bench.write(pipe.sink(), "o");
    assertEquals(List.of(), poll());
    clock.passes(8);
    Bench.write(pipe.sink(), "ne\nt");
    assertEquals(List.of("a=one\n"), poll());
    clock.passes(8);
    assertEquals(List.of(), poll(), "the second is as old as its own first byte");
    Bench.write(pipe.sink(), "wo\n");
    assertEquals(List.of("a=two\n"), poll());
    Bench.write(pipe.sink(), "t");
    assertEquals(List.of(), poll());
    clock.passes(9);
    assertEquals(List.of(), poll());
    clock.passes(1);
    assertEquals(List.of("a failed StreamTimeoutException"), poll());
  }

  @Test
  void aSkippedFrameIsTooLateThoughMoreOfItIsAlwaysThere() throws IOException {
    Framing framing = Framing.lengthPrefixed(8, 64 * 1024).skippingTooLong();
    Pipe full = bench.pipe("b", 1 << 22);
    poller.register(full.source(), framing.withFrameTimeout(Duration.ofSeconds(10)));
    for (int i = 0; i < 3; i++) {
      fill(full);
      assertEquals(List.of(), poll());
      assertTrue(full.source().available() > 0, "not all was read");
      clock.passes(4);
    }
    fill(full);
    assertEquals(List.of("b failed StreamTimeoutException"), poll());
  }

  /** Writes a part of a frame of very many bytes. */
  private static void fill(Pipe pipe) throws IOException {
    int n;
    do {
      n = pipe.sink().write(ByteBuffer.allocate(1 << 16).put(0, (byte) 1), Wait.none());
    } while (n > 0);
  }

  @Test
  void framesThatWaitForUsAreNotLate() throws IOException {
    SelectorPoller small = new SelectorPoller(bench.engine, 4);
    Pipe much = bench.pipe("b", 1 << 16);
    small.register(much.source(), WITHIN);
    Bench.write(much.sink(), "n\n".repeat(50) + "rest");
    for (int i = 0; i < 50; i++) {
      assertEquals(1, small.poll(Wait.none(), recorder));
      clock.passes(9);
    }
    assertEquals(0, small.poll(Wait.none(), recorder));
    clock.passes(10);
    assertEquals(1, small.poll(Wait.none(), recorder));
    assertEquals("b failed StreamTimeoutException", recorder.seen.get(50));
    small.close();
  }

  /** A read that was given all it had room for tells not whether there is more. */
  @Test
  void aFrameThatIsThereBeatsTheLimitThoughItIsNotReadWhole() throws IOException {
    PipeInput driver = new PipeInput(java.nio.channels.Pipe.open());
    driver.pipe.source().configureBlocking(false);
    SourceEnd source = new SourceEnd("b", bench.engine, Wait.forever(), driver);
    poller.register(source, Framing.lines(1 << 20).withFrameTimeout(Duration.ofSeconds(10)));
    String line = "x".repeat((1 << 16) - 1) + "\n";
    // After it the poller has learned that a read after a full one finds nothing.
    driver.pipe.sink().write(Bench.bytes(line));
    assertEquals(List.of("b=" + line), poll());
    driver.pipe.sink().write(Bench.bytes("x"));
    assertEquals(List.of(), poll());
    clock.passes(5);
    driver.pipe.sink().write(Bench.bytes(line));
    clock.passes(6);
    List<String> seen = new ArrayList<>(poll());
    seen.addAll(poll());
    assertEquals(List.of("b=x" + line), seen);
    driver.pipe.sink().write(Bench.bytes("x"));
    assertEquals(List.of(), poll());
    clock.passes(10);
    assertEquals(List.of("b failed StreamTimeoutException"), poll());
    source.close();
    driver.pipe.sink().close();
  }

  @Test
  void aFullReadBehindWhichNothingComesIsLateAtTheNextLook() throws IOException {
    PipeInput driver = new PipeInput(java.nio.channels.Pipe.open());
    driver.pipe.source().configureBlocking(false);
    SourceEnd source = new SourceEnd("b", bench.engine, Wait.forever(), driver);
    poller.register(source, Framing.lines(1 << 20).withFrameTimeout(Duration.ofSeconds(10)));
    String line = "x".repeat((1 << 16) - 1) + "\n";
    driver.pipe.sink().write(Bench.bytes(line));
    assertEquals(List.of("b=" + line), poll());
    driver.pipe.sink().write(Bench.bytes("x".repeat(1 << 16)));
    assertEquals(List.of(), poll());
    clock.passes(10);
    assertEquals(List.of("b failed StreamTimeoutException"), poll());
    assertEquals(1 << 16, source.buffered(), "the bytes are back");
    source.close();
    driver.pipe.sink().close();
  }

  @Test
  void whileThereIsNoMemoryToReadNoTimePasses() throws IOException {
    poller.register(pipe.source(), WITHIN);
    Bench.write(pipe.sink(), "o");
    assertEquals(List.of(), poll());
    Budget container = bench.engine.budgets().container();
    long before = container.limit();
    container.limit(0);
    Bench.write(pipe.sink(), "k\n");
    assertEquals(List.of(), poll());
    clock.passes(10);
    assertEquals(List.of(), poll());
    clock.passes(99);
    assertEquals(List.of(), poll());
    container.limit(before);
    assertEquals(1, poller.poll(Bench.SOON, recorder));
    assertEquals(List.of("a=ok\n"), recorder.drain());
  }

  /** A peer must not begin its time anew by having others use the memory up. */
  @Test
  void theTimeBeforeThereWasNoMemoryCounts() throws IOException {
    poller.register(pipe.source(), WITHIN);
    Bench.write(pipe.sink(), "o");
    assertEquals(List.of(), poll());
    clock.passes(9);
    Budget container = bench.engine.budgets().container();
    long before = container.limit();
    container.limit(0);
    Bench.write(pipe.sink(), "k");
    assertEquals(List.of(), poll());
    clock.passes(99);
    container.limit(before);
    Bench.write(pipe.sink(), "!");
    assertEquals(List.of(), poll());
    clock.passes(2);
    assertEquals(List.of("a failed StreamTimeoutException"), poll());
  }

  @Test
  void whileItIsPausedNoTimePasses() throws IOException {
    Registration registration = poller.register(pipe.source(), WITHIN);
    Bench.write(pipe.sink(), "o");
    assertEquals(List.of(), poll());
    clock.passes(9);
    registration.pause();
    clock.passes(99);
    assertEquals(List.of(), poll());
    registration.resume();
    assertEquals(List.of(), poll());
    clock.passes(9);
    assertEquals(List.of(), poll());
    Bench.write(pipe.sink(), "k\n");
    assertEquals(List.of("a=ok\n"), poll());
  }

  // ---- the silence

  @Test
  void whoSaysNothingFails() throws IOException {
    poller.register(pipe.source(), IDLE);
    assertEquals(List.of(), poll());
    clock.passes(59);
    assertEquals(List.of(), poll());
    clock.passes(1);
    assertEquals(List.of("a failed StreamTimeoutException"), poll());
    assertEquals("a: nothing came within 60000 ms", recorder.failures.get(0).getMessage());
  }

  @Test
  void eachFrameBeginsTheSilenceAnew() throws IOException {
    poller.register(pipe.source(), IDLE.withFrameTimeout(Duration.ofSeconds(10)));
    for (int i = 0; i < 5; i++) {
      assertEquals(List.of(), poll());
      clock.passes(50);
      Bench.write(pipe.sink(), "x\n");
      assertEquals(List.of("a=x\n"), poll());
    }
    clock.passes(50);
    Bench.write(pipe.sink(), "x");
    assertEquals(List.of(), poll());
    clock.passes(10);
    assertEquals(List.of("a failed StreamTimeoutException"), poll(), "the shorter limit holds now");
    assertTrue(recorder.failures.get(0).getMessage().contains("whole"));
  }

  @Test
  void eachHasItsOwnTimeAndWhoLeavesIsForgotten() throws IOException {
    Pipe[] pipes = new Pipe[10];
    Registration[] registrations = new Registration[10];
    for (int i = 0; i < 10; i++) {
      pipes[i] = bench.pipe("p" + i);
      registrations[i] = poller.register(pipes[i].source(), IDLE);
      assertEquals(List.of(), poll());
      clock.passes(1);
    }
    registrations[3].close();
    assertEquals(List.of(), poll());
    assertEquals(9, poller.alarms().size(), "nothing keeps who has left");
    clock.passes(49);
    for (int i = 0; i < 10; i++) {
      clock.passes(1);
      assertEquals(
          i == 3 ? List.of() : List.of("p" + i + " failed StreamTimeoutException"), poll());
    }
    assertEquals(0, poller.alarms().size());
  }

  @Test
  void limitsAreRefusedWhereTheyMakeNoSense() {
    assertThrows(
        IllegalArgumentException.class, () -> Framing.bytes().withFrameTimeout(Duration.ofDays(1)));
    assertThrows(
        IllegalArgumentException.class,
        () ->
            Framing.bytes()
                .withIdleTimeout(Duration.ofDays(1))
                .withFrameTimeout(Duration.ofDays(1)));
    assertThrows(IllegalArgumentException.class, () -> WITHIN.withFrameTimeout(Duration.ZERO));
    assertThrows(
        IllegalArgumentException.class, () -> WITHIN.withIdleTimeout(Duration.ofNanos(-1)));
    assertEquals("lines(100), a frame within PT10S", WITHIN.toString());
    assertEquals(
        "bytes, idle for PT1M", Framing.bytes().withIdleTimeout(Duration.ofMinutes(1)).toString());
    assertEquals(Wait.upTo(Duration.ofSeconds(10)), WITHIN.frameTimeout());
    assertEquals(Wait.forever(), WITHIN.idleTimeout());
  }

  // ---- with the real clock

  @Test
  void theLimitEndsAWaitInWhichNothingComes() throws Exception {
    try (Bench real = new Bench();
        SelectorPoller waiting = real.poller()) {
      Pipe part = real.pipe("part");
      Pipe silent = real.pipe("silent");
      waiting.register(part.source(), Framing.lines(100).withFrameTimeout(Duration.ofMillis(100)));
      waiting.register(silent.source(), Framing.bytes().withIdleTimeout(Duration.ofMillis(300)));
      Bench.write(part.sink(), "x");
      CompletableFuture<Integer> polled =
          Bench.start(
              () -> {
                int events = 0;
                while (events < 2) {
                  events += waiting.poll(Wait.forever(), recorder);
                }
                return events;
              });
      assertEquals(2, Bench.get(polled));
      // Which is over first is the machine's business, where it stalls.
      assertEquals(
          Set.of("part failed StreamTimeoutException", "silent failed StreamTimeoutException"),
          Set.copyOf(recorder.drain()));
      assertTrue(waiting.selects() <= 10, "looked " + waiting.selects() + " times");
    }
  }

  @Test
  void theLimitEndsAWaitAndNothingIsLookedAtInBetween() throws Exception {
    try (Bench real = new Bench();
        SelectorPoller waiting = real.poller();
        Listener listener = real.listen()) {
      waiting.register(listener, Framing.lines(100).withFrameTimeout(Duration.ofMillis(600)));
      CompletableFuture<Integer> polled =
          Bench.start(
              () -> {
                int events = 0;
                while (recorder.failures.isEmpty()) {
                  events += waiting.poll(Wait.forever(), recorder);
                }
                return events;
              });
      Channel drip = real.connect(listener);
      Channel silent = real.connect(listener);
      long begun = System.nanoTime();
      int drops = 0;
      while (!polled.isDone() && drops < 1000) {
        Bench.write(drip.sink(), "x");
        drops++;
        try {
          polled.get(20, TimeUnit.MILLISECONDS);
        } catch (java.util.concurrent.TimeoutException notYet) {
          // The next byte.
        }
      }
      long took = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begun);
      assertEquals(3, Bench.get(polled), "two came, one failed");
      assertTrue(took >= 500, "failed after " + took + " ms");
      assertTrue(drops < 1000, "the limit was restarted by each byte");
      assertTrue(waiting.selects() <= 3L * drops + 20, "looked " + waiting.selects() + " times");
      silent.close();
    }
  }
}
