// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.impl.engine.Engine;
import io.penstock.impl.engine.SystemParker;
import io.penstock.impl.posix.Descriptor;
import io.penstock.impl.posix.Posix;
import io.penstock.impl.posix.PosixAccess;
import io.penstock.impl.posix.SplicePipe;
import io.penstock.impl.posix.SpliceSource;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** A move from a source looks again for a moment, where it is told to. */
@EnabledOnOs(OS.LINUX)
class SplicingTest {
  private static final int PIECE = 4096;
  private static final int END = -1;

  /** Has bytes at some try. */
  private static final class Late implements SpliceSource {
    private int at;
    private Runnable before = () -> {};
    private int what = PIECE;
    private int tries;

    /** What can be read, though no more can be moved: the system stops at urgent data. */
    private int behind;

    @Override
    public int splice(SplicePipe pipe, Descriptor own, int most) throws IOException {
      if (++tries < at) {
        return 0;
      }
      before.run();
      if (what == 0) {
        throw new IOException("broken");
      }
      return what;
    }

    @Override
    public Descriptor spliceable(Posix calls) {
      throw new AssertionError();
    }

    @Override
    public boolean isLocal() {
      return true;
    }

    @Override
    public int read(ByteBuffer dst) {
      if (what != END) {
        throw new AssertionError();
      }
      int n = Math.min(behind, dst.remaining());
      dst.put(new byte[n]);
      behind -= n;
      return n == 0 ? END : n;
    }

    @Override
    public long available() {
      return 0;
    }

    @Override
    public boolean ready() {
      return false;
    }

    @Override
    public void onReady(Runnable callback) {}

    @Override
    public void close() {}
  }

  /** A clock that moves only when it is looked at; nobody parks. */
  private static final class Clock extends SystemParker {
    private long now;

    @Override
    public void park(Object blocker) {
      throw new AssertionError("parked");
    }

    @Override
    public void parkNanos(Object blocker, long nanos) {
      throw new AssertionError("parked");
    }

    @Override
    public long nanoTime() {
      return now += 1000;
    }
  }

  private final Engine engine = new Engine(new Clock());
  private final Late driver = new Late();
  private final SourceEnd source = new SourceEnd("s", engine, Wait.forever(), driver);
  private final SplicePipe pipe;

  SplicingTest() throws IOException {
    pipe = SplicePipe.open(Objects.requireNonNull(new PosixAccess("jna").calls()), 0);
    source.spin(() -> Spinner.fixed(10_000, 1));
  }

  @AfterEach
  void close() throws IOException {
    source.close();
    engine.close();
    pipe.close();
  }

  private int move(int at, boolean soon) throws IOException {
    driver.at = at;
    driver.tries = 0;
    return Splicing.from(source, pipe, null, PIECE, soon);
  }

  @Test
  void whatIsThereIsTakenAtOnce() throws IOException {
    assertEquals(PIECE, move(1, true));
    assertEquals(1, driver.tries);
    assertEquals(PIECE, source.bytes());
  }

  @Test
  void whatComesSoonIsTakenAsWell() throws IOException {
    assertEquals(PIECE, move(5, true));
    assertEquals(5, driver.tries);
    assertEquals(PIECE, source.bytes());
  }

  @Test
  void onlyWhereItIsToldToLookAgain() throws IOException {
    assertEquals(0, move(2, false));
    assertEquals(1, driver.tries);
  }

  @Test
  void itGivesUpWhenTheTimeForLooksIsOver() throws IOException {
    assertEquals(0, move(1000, true));
    assertEquals(1 + 10, driver.tries);
  }

  @Test
  void aSourceThatShallNotSpinIsTriedOnce() throws IOException {
    try (SourceEnd still = new SourceEnd("still", engine, Wait.forever(), driver)) {
      driver.at = 2;
      assertEquals(0, Splicing.from(still, pipe, null, PIECE, true));
      assertEquals(1, driver.tries);
    }
  }

  /** A relay that is closed closes its pipe while a direction may look. */
  @Test
  void theCloseOfThePipeIsNoFaultOfTheSource() throws IOException {
    driver.what = 0;
    driver.before = pipe::close;
    assertEquals(0, move(3, true));
    assertEquals(3, driver.tries);
    assertNull(source.fault());
    assertTrue(source.isOpen());
  }

  @Test
  void anEndOrAFailureThatComesSoonIsTold() throws IOException {
    driver.what = 0;
    assertEquals("s: broken", assertThrows(IOException.class, () -> move(3, true)).getMessage());
    driver.what = END;
    assertEquals(END, move(3, true));
  }

  @Test
  void anEndBehindWhichSomethingCanBeReadIsNone() throws IOException {
    driver.what = END;
    driver.behind = 10;
    assertEquals(0, move(1, false));
    assertEquals(10, source.available());
    assertEquals(10, source.read(ByteBuffer.allocate(20), Wait.none()));
    assertEquals(END, move(1, false));
  }
}
