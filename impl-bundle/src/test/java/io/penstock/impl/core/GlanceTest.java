// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.impl.buffer.Paced;
import io.penstock.impl.engine.Engine;
import io.penstock.impl.engine.Parker;
import io.penstock.spi.SourceDriver;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

/** A read looks a few times before its first try, where looks have been of use. */
class GlanceTest {
  /** Has a byte from some look on, counted from the start of a read. */
  private static final class Late implements SourceDriver, Paced {
    private int from;
    private int looks;
    private int looksBeforeTry;
    private int triesInVain;
    private int fetches;
    private long there;

    void arrivesAtLook(int value) {
      from = value;
      looks = 0;
      looksBeforeTry = -1;
      triesInVain = 0;
      fetches = 0;
    }

    @Override
    public boolean ready() {
      looks++;
      return looks >= from;
    }

    @Override
    public int read(ByteBuffer dst) {
      if (looksBeforeTry < 0) {
        looksBeforeTry = looks;
      }
      if (looks < from) {
        triesInVain++;
        return 0;
      }
      dst.put((byte) 1);
      return 1;
    }

    @Override
    public long cached() {
      return 0;
    }

    @Override
    public void fetchNext() {
      fetches++;
    }

    @Override
    public long available() {
      return there;
    }

    @Override
    public void onReady(Runnable ready) {}

    @Override
    public void close() {}
  }

  /** A clock that moves only when it is looked at; parking brings the byte. */
  private final class Stage implements Parker {
    private long now;
    private int looksAtClock;
    private int parks;

    @Override
    public void park(Object blocker) {
      parks++;
      driver.from = 0;
      source.wake();
    }

    @Override
    public void parkNanos(Object blocker, long nanos) {
      park(blocker);
    }

    @Override
    public void unpark(Thread thread) {}

    @Override
    public void giveWay() {}

    @Override
    public long nanoTime() {
      looksAtClock++;
      now += 1000;
      return now;
    }
  }

  private final Stage stage = new Stage();
  private final Engine engine = new Engine(stage);
  private final Late driver = new Late();
  private final SourceEnd source = new SourceEnd("s", engine, Wait.forever(), driver);

  GlanceTest() throws IOException {
    source.spin(() -> Spinner.adaptive(1));
    // The first read of all finds out whether holding back pays, and so do others much later.
    read(Wait.forever(), 1);
  }

  @AfterEach
  void close() throws IOException {
    source.close();
    engine.close();
  }

  private void read(Wait wait, int expected) throws IOException {
    assertEquals(expected, source.read(ByteBuffer.allocate(1), wait));
  }

  private static void assumeTwoCores() {
    Assumptions.assumeTrue(
        Runtime.getRuntime().availableProcessors() > 1, "it takes two processors");
  }

  @Test
  void aByteThatComesSoonIsReadByTheFirstTry() throws IOException {
    assumeTwoCores();
    driver.arrivesAtLook(20);
    int before = stage.looksAtClock;
    read(Wait.forever(), 1);
    assertEquals(0, driver.triesInVain);
    assertEquals(before, stage.looksAtClock);
  }

  @Test
  void whatComesNextIsFetchedWithEachLookInVain() throws IOException {
    assumeTwoCores();
    driver.arrivesAtLook(20);
    read(Wait.forever(), 1);
    assertEquals(19, driver.fetches);
    driver.arrivesAtLook(0);
    read(Wait.forever(), 1);
    assertEquals(0, driver.fetches);
  }

  @Test
  void whatComesNextIsLeftToTheWriterWhileBytesFlow() throws IOException {
    assumeTwoCores();
    try (SourceEnd flowing = new SourceEnd("flowing", engine, Wait.forever(), driver)) {
      flowing.spin(() -> Spinner.adaptive(1));
      driver.arrivesAtLook(0);
      driver.there = 1;
      assertEquals(1, flowing.read(ByteBuffer.allocate(1)));
      driver.arrivesAtLook(20);
      assertEquals(1, flowing.read(ByteBuffer.allocate(1)));
      assertEquals(0, driver.triesInVain);
      assertEquals(0, driver.fetches);
    }
  }

  /** How many reads there are until the next that asks whether bytes flow, with it. */
  private int readsToQuestion() throws IOException {
    int before = stage.looksAtClock;
    int reads = 0;
    while (stage.looksAtClock == before) {
      reads++;
      assertTrue(reads < 10_000, "bytes are no longer waited for, expected a question");
      read(Wait.forever(), 1);
    }
    return reads;
  }

  @Test
  void whetherBytesFlowIsAskedTheLessOftenTheLessComesOfIt() throws IOException {
    driver.arrivesAtLook(0);
    int[] expected = {128, 256, 512, 1024, 2048, 4096, 4096};
    for (int reads : expected) {
      assertEquals(reads, readsToQuestion());
    }
    driver.there = 1;
    assertEquals(4096, readsToQuestion());
    assertEquals(1, readsToQuestion(), "bytes flow");
    driver.there = 0;
    assertEquals(1, readsToQuestion(), "they do no longer");
    assertEquals(64, readsToQuestion());
    assertEquals(128, readsToQuestion());
  }

  @Test
  void aReadThatMustNotWaitDoesNotLook() throws IOException {
    driver.arrivesAtLook(20);
    read(Wait.none(), 0);
    assertEquals(0, driver.looksBeforeTry);
    assertEquals(1, driver.triesInVain);
  }

  @Test
  void afterLooksInVainTheFirstTryComesAtOnce() throws IOException {
    assumeTwoCores();
    driver.arrivesAtLook(Integer.MAX_VALUE);
    read(Wait.forever(), 1);
    assertEquals(1, stage.parks);
    assertTrue(driver.looksBeforeTry > 0, "looked before the first try");
    driver.arrivesAtLook(Integer.MAX_VALUE);
    read(Wait.forever(), 1);
    assertEquals(2, stage.parks);
    assertEquals(0, driver.looksBeforeTry);
  }
}
