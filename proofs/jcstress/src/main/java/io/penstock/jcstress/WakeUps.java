// SPDX-License-Identifier: Apache-2.0
package io.penstock.jcstress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;

import io.penstock.impl.pipe.DrivenPipe;
import io.penstock.stream.Wait;
import java.nio.ByteBuffer;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/** Whoever begins to wait while what it waits for happens is woken. */
public class WakeUps {
  private static final int ROUNDS = 20;

  private WakeUps() {}

  private static int writeAll(DrivenPipe pipe) {
    int sum = 0;
    for (int i = 0; i < ROUNDS && sum >= 0; i++) {
      Tries.burn(i * 37 % 211);
      int n = Tries.write(pipe, i, 1, Wait.forever());
      sum = n < 0 ? n : sum + n;
    }
    return sum;
  }

  private static int readAll(DrivenPipe pipe) {
    int sum = 0;
    for (int i = 0; i < ROUNDS && sum >= 0; i++) {
      Tries.burn(i * 13 % 89);
      int n = Tries.read(pipe, i, 1, Wait.forever());
      sum = n < 0 ? n : sum + n;
    }
    return sum;
  }

  /** Both wait for each other, again and again: what is lost once is not made good by the next. */
  @JCStressTest
  @Outcome(id = "20, 20", expect = ACCEPTABLE, desc = "All of them.")
  @State
  public static class PingPong {
    private final DrivenPipe pipe = Tries.pipe(1);

    @Actor
    public void writer(II_Result r) {
      r.r1 = writeAll(pipe);
    }

    @Actor
    public void reader(II_Result r) {
      r.r2 = readAll(pipe);
    }
  }

  /** The same, where nobody else may read or write. */
  @JCStressTest
  @Outcome(id = "20, 20", expect = ACCEPTABLE, desc = "All of them.")
  @State
  public static class DeclaredPingPong {
    private final DrivenPipe pipe = Tries.declared(1);

    @Actor
    public void writer(II_Result r) {
      r.r1 = writeAll(pipe);
    }

    @Actor
    public void reader(II_Result r) {
      r.r2 = readAll(pipe);
    }
  }

  /** The same, where each looks before it tries, tries, looks again, and only then parks. */
  @JCStressTest
  @Outcome(id = "20, 20", expect = ACCEPTABLE, desc = "All of them.")
  @State
  public static class LookingPingPong {
    private final DrivenPipe pipe = Tries.looking(1);

    @Actor
    public void writer(II_Result r) {
      r.r1 = writeAll(pipe);
    }

    @Actor
    public void reader(II_Result r) {
      r.r2 = readAll(pipe);
    }
  }

  /** A reader, and a byte. */
  @JCStressTest
  @Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "Woken, or it did not have to wait.")
  @State
  public static class ReaderByWrite {
    private final DrivenPipe pipe = Tries.pipe(4);

    @Actor
    public void writer(II_Result r) {
      r.r1 = Tries.write(pipe, 1, 1);
    }

    @Actor
    public void reader(II_Result r) {
      r.r2 = Tries.read(pipe, 1, 1, Wait.forever());
    }
  }

  /** The same, where nobody else may read or write. */
  @JCStressTest
  @Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "Woken, or it did not have to wait.")
  @State
  public static class DeclaredReaderByWrite {
    private final DrivenPipe pipe = Tries.declared(4);

    @Actor
    public void writer(II_Result r) {
      r.r1 = Tries.write(pipe, 1, 1);
    }

    @Actor
    public void reader(II_Result r) {
      r.r2 = Tries.read(pipe, 1, 1, Wait.forever());
    }
  }

  /** A reader, and a given buffer. */
  @JCStressTest
  @Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "Woken, or it did not have to wait.")
  @State
  public static class ReaderByGive {
    private final DrivenPipe pipe = Tries.pipe(4);

    @Actor
    public void writer(II_Result r) {
      ByteBuffer immutable = Tries.bytes(1, 1);
      r.r1 = Tries.number(() -> pipe.sink().give(immutable, Wait.none()));
    }

    @Actor
    public void reader(II_Result r) {
      r.r2 = Tries.read(pipe, 1, 1, Wait.forever());
    }
  }

  /** A writer, and room. */
  @JCStressTest
  @Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "Woken, or it did not have to wait.")
  @State
  public static class WriterByRead {
    private final DrivenPipe pipe = Tries.filled(1, 1);

    @Actor
    public void reader(II_Result r) {
      r.r1 = Tries.read(pipe, 1, 1);
    }

    @Actor
    public void writer(II_Result r) {
      r.r2 = Tries.write(pipe, 2, 1, Wait.forever());
    }
  }

  /** A writer, and the first byte of room in a pipe that was full. */
  @JCStressTest
  @Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "Woken, or it did not have to wait.")
  @State
  public static class WriterByFirstRoom {
    private final DrivenPipe pipe = Tries.filled(64, 64);

    @Actor
    public void reader(II_Result r) {
      r.r1 = Tries.read(pipe, 1, 1);
    }

    @Actor
    public void writer(II_Result r) {
      r.r2 = Tries.write(pipe, 2, 1, Wait.forever());
    }
  }

  /** A flush, and the read of the last byte. */
  @JCStressTest
  @Outcome(id = "1, 0", expect = ACCEPTABLE, desc = "Woken, or it did not have to wait.")
  @State
  public static class FlushByRead {
    private final DrivenPipe pipe = Tries.filled(4, 1);

    @Actor
    public void reader(II_Result r) {
      r.r1 = Tries.read(pipe, 1, 1);
    }

    @Actor
    public void flusher(II_Result r) {
      r.r2 =
          Tries.number(
              () -> {
                pipe.sink().flush(Wait.forever());
                return 0;
              });
    }
  }

  /** A reader, and the end. */
  @JCStressTest
  @Outcome(id = "0, -1", expect = ACCEPTABLE, desc = "Woken, or it did not have to wait.")
  @State
  public static class ReaderByEnd {
    private final DrivenPipe pipe = Tries.pipe(4);

    @Actor
    public void ender(II_Result r) {
      r.r1 =
          Tries.number(
              () -> {
                pipe.sink().end();
                return 0;
              });
    }

    @Actor
    public void reader(II_Result r) {
      r.r2 = Tries.read(pipe, 1, 1, Wait.forever());
    }
  }

  /** A reader, and a close of its own end. */
  @JCStressTest
  @Outcome(id = "0, -3", expect = ACCEPTABLE, desc = "Woken, or refused at once.")
  @State
  public static class ReaderByClose {
    private final DrivenPipe pipe = Tries.pipe(4);

    @Actor
    public void closer(II_Result r) {
      r.r1 =
          Tries.number(
              () -> {
                pipe.source().close();
                return 0;
              });
    }

    @Actor
    public void reader(II_Result r) {
      r.r2 = Tries.read(pipe, 1, 1, Wait.forever());
    }
  }

  /** A writer, and a close of the reader's end. */
  @JCStressTest
  @Outcome(id = "0, -2", expect = ACCEPTABLE, desc = "Woken, or refused at once.")
  @State
  public static class WriterByCloseOfSource {
    private final DrivenPipe pipe = Tries.filled(1, 1);

    @Actor
    public void closer(II_Result r) {
      r.r1 =
          Tries.number(
              () -> {
                pipe.source().close();
                return 0;
              });
    }

    @Actor
    public void writer(II_Result r) {
      r.r2 = Tries.write(pipe, 2, 1, Wait.forever());
    }
  }

  /** A reader, and an abort. */
  @JCStressTest
  @Outcome(id = "0, -4", expect = ACCEPTABLE, desc = "Woken, or it did not have to wait.")
  @State
  public static class ReaderByAbort {
    private final DrivenPipe pipe = Tries.pipe(4);

    @Actor
    public void aborter(II_Result r) {
      Tries.abort(pipe);
      r.r1 = 0;
    }

    @Actor
    public void reader(II_Result r) {
      r.r2 = Tries.read(pipe, 1, 1, Wait.forever());
    }
  }

  /** A reader, and a new limit: not at all, instead of for ever. */
  @JCStressTest
  @Outcome(id = "0, 0", expect = ACCEPTABLE, desc = "Woken, or it did not begin to wait.")
  @State
  public static class ReaderBySetting {
    private final DrivenPipe pipe = Tries.pipe(4);

    @Actor
    public void setter(II_Result r) {
      pipe.source().readWait(Wait.none());
      r.r1 = 0;
    }

    @Actor
    public void reader(II_Result r) {
      r.r2 = Tries.number(() -> pipe.source().read(ByteBuffer.allocate(1)));
    }
  }
}
