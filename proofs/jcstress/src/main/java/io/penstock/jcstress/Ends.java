// SPDX-License-Identifier: Apache-2.0
package io.penstock.jcstress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;

import io.penstock.impl.buffer.MemoryPipe;
import io.penstock.impl.pipe.DrivenPipe;
import io.penstock.stream.Wait;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;
import org.openjdk.jcstress.infra.results.II_Result;

/** An end, a close or an abort beside a write or a read: bytes that were counted are not lost. */
public class Ends {
  private Ends() {}

  /** What was written before the end is read before it. */
  @JCStressTest
  @Outcome(id = "0, (-1|0|1)", expect = ACCEPTABLE, desc = "The byte came later, or the end.")
  @Outcome(id = "1, (-1|0)", expect = ACCEPTABLE, desc = "The byte, then perhaps the end.")
  @State
  public static class EndAndRead {
    private final DrivenPipe pipe = Tries.pipe(4);

    @Actor
    public void writer(II_Result r) {
      Tries.write(pipe, 1, 1);
      Tries.number(
          () -> {
            pipe.sink().end();
            return 0;
          });
    }

    @Actor
    public void reader(II_Result r) {
      r.r1 = Tries.read(pipe, 1, 1);
      r.r2 = Tries.read(pipe, 1, 1);
      if (r.r1 == 0 && r.r2 == -1) {
        // The byte has come before the end, so it was passed over.
        r.r2 = Tries.WRONG;
      }
    }
  }

  /** The last bytes of a pipe that counts how often it tells of its end, and its memory. */
  private static final class LastBytes {
    final AtomicInteger told = new AtomicInteger();
    final AtomicLong kept = new AtomicLong();
    final MemoryPipe pipe = Tries.driver(2, kept);

    LastBytes() {
      pipe.onDrained(told::incrementAndGet);
    }

    int read() {
      return Tries.number(() -> pipe.source().read(ByteBuffer.allocate(2)));
    }

    void tell(III_Result r) {
      r.r2 = told.get();
      r.r3 = (int) kept.get();
    }
  }

  /**
   * The last bytes are read beside the end. Whichever comes later, the writer or the reader finds
   * that it is over, tells of it once, and gives the memory back.
   */
  @JCStressTest
  @Outcome(id = "2, 1, 0", expect = ACCEPTABLE, desc = "Told once, and no memory is kept.")
  @State
  public static class EndAndLastRead {
    private final LastBytes last = new LastBytes();

    @Actor
    public void writer() {
      Tries.number(
          () -> {
            last.pipe.sink().close();
            return 0;
          });
    }

    @Actor
    public void reader(III_Result r) {
      r.r1 = last.read();
    }

    @Arbiter
    public void rest(III_Result r) {
      last.tell(r);
    }
  }

  /** The same beside a cut, of which the pipe does not tell as it tells of an end. */
  @JCStressTest
  @Outcome(id = "2, 0, 0", expect = ACCEPTABLE, desc = "Not told, and no memory is kept.")
  @State
  public static class AbortAndLastRead {
    private final LastBytes last = new LastBytes();

    @Actor
    public void cutter() {
      Tries.abort(last.pipe);
    }

    @Actor
    public void reader(III_Result r) {
      r.r1 = last.read();
    }

    @Arbiter
    public void rest(III_Result r) {
      last.tell(r);
    }
  }

  /** A write beside the end: counted and delivered, or refused. */
  @JCStressTest
  @Outcome(id = "1, 0, 1", expect = ACCEPTABLE, desc = "Written before the end.")
  @Outcome(id = "-2, 0, -1", expect = ACCEPTABLE, desc = "Refused after the end.")
  @Outcome(id = "0, 0, -1", expect = ACCEPTABLE, desc = "The end had the turn.")
  @State
  public static class EndAndWrite {
    private final DrivenPipe pipe = Tries.pipe(4);

    @Actor
    public void writer(III_Result r) {
      r.r1 = Tries.write(pipe, 1, 1);
    }

    @Actor
    public void ender(III_Result r) {
      r.r2 =
          Tries.number(
              () -> {
                pipe.sink().end();
                return 0;
              });
    }

    @Arbiter
    public void rest(III_Result r) {
      r.r3 = Tries.read(pipe, 1, 1, Wait.forever());
    }
  }

  /** A write beside a close of its own end. */
  @JCStressTest
  @Outcome(id = "1, 0, 1", expect = ACCEPTABLE, desc = "Written before the close.")
  @Outcome(id = "(-2|-3|0), 0, -1", expect = ACCEPTABLE, desc = "Refused.")
  @State
  public static class CloseOfSinkAndWrite {
    private final DrivenPipe pipe = Tries.pipe(4);

    @Actor
    public void writer(III_Result r) {
      r.r1 = Tries.write(pipe, 1, 1);
    }

    @Actor
    public void closer(III_Result r) {
      r.r2 =
          Tries.number(
              () -> {
                pipe.sink().close();
                return 0;
              });
    }

    @Arbiter
    public void rest(III_Result r) {
      r.r3 = Tries.read(pipe, 1, 1, Wait.forever());
    }
  }

  /** A write beside a close of the reader: refused, or told by the next flush to be dropped. */
  @JCStressTest
  @Outcome(id = "1, 0, -2", expect = ACCEPTABLE, desc = "Dropped, and a flush says so.")
  @Outcome(id = "-2, 0, 0", expect = ACCEPTABLE, desc = "Refused; nothing was dropped.")
  @State
  public static class CloseOfSourceAndWrite {
    private final DrivenPipe pipe = Tries.pipe(4);

    @Actor
    public void writer(III_Result r) {
      r.r1 = Tries.write(pipe, 1, 1);
    }

    @Actor
    public void closer(III_Result r) {
      r.r2 =
          Tries.number(
              () -> {
                pipe.source().close();
                return 0;
              });
    }

    @Arbiter
    public void rest(III_Result r) {
      r.r3 =
          Tries.number(
              () -> {
                pipe.sink().flush(Wait.none());
                return 0;
              });
    }
  }

  /** A read beside a close of its own end. */
  @JCStressTest
  @Outcome(id = "(1|-3), 0, -3", expect = ACCEPTABLE, desc = "The byte, or refused.")
  @State
  public static class CloseOfSourceAndRead {
    private final DrivenPipe pipe = Tries.filled(4, 1);

    @Actor
    public void reader(III_Result r) {
      r.r1 = Tries.read(pipe, 1, 1);
    }

    @Actor
    public void closer(III_Result r) {
      r.r2 =
          Tries.number(
              () -> {
                pipe.source().close();
                return 0;
              });
    }

    @Arbiter
    public void rest(III_Result r) {
      r.r3 = Tries.read(pipe, 1, 1);
    }
  }

  /** What is there is read before the failure. */
  @JCStressTest
  @Outcome(id = "1, (0|-4), -4", expect = ACCEPTABLE, desc = "The byte, then the failure.")
  @State
  public static class AbortAndRead {
    private final DrivenPipe pipe = Tries.filled(4, 1);

    @Actor
    public void aborter() {
      Tries.abort(pipe);
    }

    @Actor
    public void reader(III_Result r) {
      r.r1 = Tries.read(pipe, 1, 1);
      r.r2 = Tries.read(pipe, 1, 1);
    }

    @Arbiter
    public void rest(III_Result r) {
      r.r3 = Tries.read(pipe, 1, 1);
    }
  }

  /** A write beside an abort: counted and delivered, or refused. */
  @JCStressTest
  @Outcome(id = "1, 1, -4", expect = ACCEPTABLE, desc = "Written before.")
  @Outcome(id = "-4, -4, -4", expect = ACCEPTABLE, desc = "Refused.")
  @State
  public static class AbortAndWrite {
    private final DrivenPipe pipe = Tries.pipe(4);

    @Actor
    public void aborter() {
      Tries.abort(pipe);
    }

    @Actor
    public void writer(III_Result r) {
      r.r1 = Tries.write(pipe, 1, 1);
    }

    @Arbiter
    public void rest(III_Result r) {
      r.r2 = Tries.read(pipe, 1, 1);
      r.r3 = Tries.read(pipe, 1, 1);
    }
  }
}
