// SPDX-License-Identifier: Apache-2.0
package io.penstock.jcstress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;

import io.penstock.impl.pipe.DrivenPipe;
import io.penstock.stream.Wait;
import java.nio.ByteBuffer;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;
import org.openjdk.jcstress.infra.results.II_Result;

/** Two at one end: one after the other, and nobody is forgotten. */
public class Turns {
  private Turns() {}

  /** Two writers, each with a record of two parts. */
  @JCStressTest
  @Outcome(id = "0, 0, (12|21)", expect = ACCEPTABLE, desc = "One record after the other.")
  @State
  public static class TwoWriters {
    private final DrivenPipe pipe = Tries.advanced(8, 6);

    private static ByteBuffer[] record(int value) {
      ByteBuffer[] parts = {ByteBuffer.allocate(1), ByteBuffer.allocate(2)};
      parts[0].put(0, (byte) value);
      parts[1].put(0, (byte) value).put(1, (byte) value);
      return parts;
    }

    private int write(int value) {
      ByteBuffer[] parts = record(value);
      return Tries.number(
          () -> {
            pipe.sink().writeFully(parts, Wait.forever());
            return 0;
          });
    }

    @Actor
    public void one(III_Result r) {
      r.r1 = write(1);
    }

    @Actor
    public void two(III_Result r) {
      r.r2 = write(2);
    }

    @Arbiter
    public void rest(III_Result r) {
      ByteBuffer all = ByteBuffer.allocate(8);
      int n = Tries.number(() -> pipe.source().read(all, Wait.none()));
      boolean whole =
          n == 6
              && all.get(0) == all.get(1)
              && all.get(1) == all.get(2)
              && all.get(3) == all.get(4)
              && all.get(4) == all.get(5);
      r.r3 = whole ? all.get(0) * 10 + all.get(3) : Tries.WRONG;
    }
  }

  /** Two readers: each gets bytes of its own. */
  @JCStressTest
  @Outcome(id = "12, 34", expect = ACCEPTABLE, desc = "The first came first.")
  @Outcome(id = "34, 12", expect = ACCEPTABLE, desc = "The second came first.")
  @State
  public static class TwoReaders {
    private final DrivenPipe pipe = Tries.filled(4, 4);

    private int read() {
      ByteBuffer dst = ByteBuffer.allocate(2);
      return Tries.number(
          () -> {
            pipe.source().readFully(dst, Wait.forever());
            return dst.get(0) * 10 + dst.get(1);
          });
    }

    @Actor
    public void one(II_Result r) {
      r.r1 = read();
    }

    @Actor
    public void two(II_Result r) {
      r.r2 = read();
    }
  }

  /** Whoever is lent bytes is alone. */
  @JCStressTest
  @Outcome(id = "1, 1, 2", expect = ACCEPTABLE, desc = "One after the other.")
  @State
  public static class Alone {
    private final DrivenPipe pipe = Tries.filled(4, 2);
    // Plain: only who has the turn touches it.
    private int count;

    private int consume() {
      return Tries.number(
          () ->
              pipe.source()
                  .consume(
                      1,
                      run -> {
                        run.get();
                        count++;
                      },
                      Wait.forever()));
    }

    @Actor
    public void one(III_Result r) {
      r.r1 = consume();
    }

    @Actor
    public void two(III_Result r) {
      r.r2 = consume();
    }

    @Arbiter
    public void rest(III_Result r) {
      r.r3 = count;
    }
  }
}
