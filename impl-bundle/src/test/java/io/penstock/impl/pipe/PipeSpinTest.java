// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.pipe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.impl.engine.Engine;
import io.penstock.impl.engine.Parker;
import io.penstock.pipe.Pipe;
import io.penstock.pipe.PipeOptions;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * When a reader that finds nothing gives way to another thread, and when it is parked: the other
 * thread is played by the parker, on a clock of its own.
 */
class PipeSpinTest {
  private static final int READS = 2000;

  /** Each look at the clock takes 100 ns, and one of the two steps brings a byte. */
  private final class Stage implements Parker {
    private long now;
    private int parks;
    private int ways;
    private boolean bringsWhenParked = true;
    private boolean bringsWhenGivenWay;
    private long absence = 1000;

    @Override
    public void park(Object blocker) {
      parks++;
      if (bringsWhenParked) {
        bring();
      }
    }

    @Override
    public void parkNanos(Object blocker, long nanos) {
      park(blocker);
      now += nanos;
    }

    @Override
    public void unpark(Thread thread) {}

    @Override
    public void giveWay() {
      ways++;
      now += absence;
      if (bringsWhenGivenWay) {
        bring();
      }
    }

    @Override
    public long nanoTime() {
      now += 100;
      return now;
    }
  }

  private final Stage stage = new Stage();
  private final Engine engine = new Engine(stage);
  private Pipe pipe = new DrivenPipe(PipeOptions.defaults(), engine);

  @AfterEach
  void close() throws IOException {
    pipe.close();
    engine.close();
  }

  private void bring() {
    try {
      pipe.sink().write(ByteBuffer.allocate(1), Wait.none());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void readAll(Wait wait) throws IOException {
    for (int i = 0; i < READS; i++) {
      assertEquals(1, pipe.source().read(ByteBuffer.allocate(1), wait));
    }
  }

  @Test
  void whoGivesWayToTheOtherSideIsNotParked() throws IOException {
    stage.bringsWhenGivenWay = true;
    readAll(Wait.forever());
    assertEquals(READS, stage.ways);
    assertEquals(0, stage.parks);
  }

  @Test
  void givingWayInVainIsLeftOutMoreAndMore() throws IOException {
    readAll(Wait.forever());
    assertTrue(stage.ways > 8 && stage.ways < 20, stage.ways + " times in vain");
    assertEquals(READS, stage.parks);
  }

  @Test
  void givingWayToAStrangerWhoKeepsTheCoreIsSoonLeftOut() throws IOException {
    stage.bringsWhenGivenWay = true;
    stage.absence = 3_000_000;
    readAll(Wait.forever());
    assertTrue(stage.ways >= 2 && stage.ways < 6, stage.ways + " times for 3 ms");
    assertEquals(READS, stage.ways + stage.parks);
  }

  @Test
  void givingWayIsTakenUpAgainWhenItHelps() throws IOException {
    readAll(Wait.forever());
    stage.bringsWhenGivenWay = true;
    for (int i = 0; i < 3; i++) {
      readAll(Wait.forever());
    }
    stage.parks = 0;
    readAll(Wait.forever());
    assertEquals(0, stage.parks);
  }

  @Test
  void aLimitThatIsShorterThanAnAbsenceIsKept() throws IOException {
    readAll(Wait.upTo(Duration.ofNanos(200_000)));
    assertEquals(0, stage.ways);
  }

  @Test
  void whoSetsTheSpinDecides() throws IOException {
    pipe.close();
    pipe = new DrivenPipe(PipeOptions.defaults().withSpin(Duration.ZERO), engine);
    readAll(Wait.forever());
    assertEquals(0, stage.ways);
    assertEquals(READS, stage.parks);
  }
}
