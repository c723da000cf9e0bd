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
import org.openjdk.jcstress.infra.results.IIII_Result;
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

  /** Three writers with two bytes each: one may overtake another, and each comes to its turn. */
  @JCStressTest
  @Outcome(id = "2, 2, 2, 1", expect = ACCEPTABLE, desc = "All bytes, each writer's in its order.")
  @State
  public static class ThreeWriters {
    private final DrivenPipe pipe = Tries.advanced(8, 6);

    private int write(int value) {
      return Tries.number(
          () ->
              pipe.sink().write(one(value), Wait.forever())
                  + pipe.sink().write(one(value + 1), Wait.forever()));
    }

    private static ByteBuffer one(int value) {
      return ByteBuffer.allocate(1).put(0, (byte) value);
    }

    @Actor
    public void one(IIII_Result r) {
      r.r1 = write(1);
    }

    @Actor
    public void two(IIII_Result r) {
      r.r2 = write(3);
    }

    @Actor
    public void three(IIII_Result r) {
      r.r3 = write(5);
    }

    @Arbiter
    public void rest(IIII_Result r) {
      ByteBuffer all = ByteBuffer.allocate(8);
      int n = Tries.number(() -> pipe.source().read(all, Wait.none()));
      int[] place = new int[7];
      for (int i = 0; i < n; i++) {
        place[all.get(i)] = i + 1;
      }
      boolean inOrder = n == 6;
      for (int first = 1; first < 7; first += 2) {
        inOrder &= place[first] > 0 && place[first] < place[first + 1];
      }
      r.r4 = inOrder ? 1 : Tries.WRONG;
    }
  }
}
