// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.poller;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.impl.core.SourceEnd;
import io.penstock.impl.engine.Engine;
import io.penstock.impl.engine.PipeInput;
import io.penstock.impl.engine.SystemParker;
import io.penstock.stream.Framing;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Pipe;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What a poller does before it waits, and before it asks whether there is more. */
class PollerSpinTest {
  private static final Wait SHORT = Wait.upTo(Duration.ofMillis(1));

  private final Bench bench = new Bench();
  private final Recorder recorder = new Recorder();

  @AfterEach
  void close() {
    bench.close();
  }

  private SelectorPoller poller(Engine engine, Optional<Duration> spin) {
    return new SelectorPoller(engine, 100, Framing.bytes(), spin);
  }

  private void pollInVain(SelectorPoller poller, int times) throws IOException {
    for (int i = 0; i < times; i++) {
      assertEquals(0, poller.poll(SHORT, recorder));
    }
  }

  @Test
  void aFixedTimeIsSpentBeforeEachWait() throws IOException {
    try (SelectorPoller poller = poller(bench.engine, Optional.of(Duration.ofNanos(50_000)))) {
      // Time enough that a busy machine leaves some of it for the spin.
      for (int i = 0; i < 5; i++) {
        assertEquals(0, poller.poll(Wait.upTo(Duration.ofMillis(100)), recorder));
      }
      assertTrue(poller.spins() >= 5, () -> poller.spins() + " times of 5");
    }
  }

  @Test
  void aPollThatDoesNotWaitDoesNotSpin() throws IOException {
    try (SelectorPoller poller = poller(bench.engine, Optional.of(Duration.ofNanos(50_000)))) {
      assertEquals(0, poller.poll(Wait.none(), recorder));
      assertEquals(0, poller.spins());
    }
  }

  @Test
  void zeroWaitsAtOnce() throws IOException {
    try (SelectorPoller poller = poller(bench.engine, Optional.of(Duration.ZERO))) {
      pollInVain(poller, 20);
      assertEquals(0, poller.spins());
    }
  }

  @Test
  void whatIsInVainIsLeftOut() throws IOException {
    try (SelectorPoller poller = poller(bench.engine, Optional.empty())) {
      pollInVain(poller, 260);
      // 1, 3, 7 and so on are left out in between.
      assertTrue(poller.spins() <= 9, () -> poller.spins() + " times of 260");
    }
  }

  @Test
  void whoeverDrivesTheWaitingSeesAllOfIt() throws IOException {
    try (Engine driven = new Engine(new SystemParker());
        SelectorPoller poller = poller(driven, Optional.empty())) {
      pollInVain(poller, 5);
      assertEquals(0, poller.spins());
    }
  }

  /** Counts the reads that find nothing. */
  private static final class Counting extends PipeInput {
    int inVain;

    Counting() throws IOException {
      super(Pipe.open());
      pipe.source().configureBlocking(false);
      pipe.sink().configureBlocking(false);
    }

    @Override
    public int read(ByteBuffer dst) throws IOException {
      int n = super.read(dst);
      if (n == 0) {
        inVain++;
      }
      return n;
    }

    @Override
    public void close() throws IOException {
      super.close();
      pipe.sink().close();
    }
  }

  @Test
  void piecesThatJustFitAreSeldomLookedBehind() throws IOException {
    Counting driver = new Counting();
    ByteBuffer piece = ByteBuffer.allocate(Scratch.SIZE);
    try (SelectorPoller poller = poller(bench.engine, Optional.empty());
        SourceEnd source = new SourceEnd("pieces", bench.engine, Wait.forever(), driver)) {
      poller.register(source, Framing.bytes());
      poller.poll(SHORT, recorder);
      int before = driver.inVain;
      for (int i = 0; i < 200; i++) {
        assertEquals(Scratch.SIZE, driver.pipe.sink().write(piece.clear()));
        assertEquals(1, poller.poll(Bench.SOON, recorder));
        assertEquals("pieces=".length() + Scratch.SIZE, recorder.drain().get(0).length());
      }
      int inVain = driver.inVain - before;
      assertTrue(inVain <= 20, inVain + " reads in vain for 200 pieces");
    }
  }
}
