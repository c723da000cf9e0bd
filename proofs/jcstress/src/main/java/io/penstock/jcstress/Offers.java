// SPDX-License-Identifier: Apache-2.0
package io.penstock.jcstress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;

import io.penstock.impl.buffer.MemoryPipe;
import io.penstock.impl.buffer.Offering;
import java.nio.ByteBuffer;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;
import org.openjdk.jcstress.infra.results.II_Result;

/** What a writer that waits lets a reader take past the buffer: what it says was taken was. */
public class Offers {
  private Offers() {}

  private static int read(MemoryPipe pipe, int first, int size) {
    ByteBuffer dst = ByteBuffer.allocate(size);
    int n = Tries.number(() -> pipe.source().read(dst));
    return n > 0 ? Tries.inOrder(dst, first, n) : n;
  }

  /** Offers bytes, withdraws them, and overwrites them, as their owner may from then on. */
  private static int offer(MemoryPipe pipe, int first, int size) {
    Offering offering = (Offering) pipe.sink();
    ByteBuffer src = Tries.bytes(first, size);
    offering.offer(src);
    Tries.burn(20);
    int taken = offering.withdraw(src);
    overwrite(src);
    return taken;
  }

  private static void overwrite(ByteBuffer src) {
    for (int i = 0; i < src.limit(); i++) {
      src.put(i, (byte) -1);
    }
  }

  /** A reader has the bytes that were taken, and only those. */
  @JCStressTest
  @Outcome(id = "[0-8], [0-9]+, 0", expect = ACCEPTABLE, desc = "As many as were taken.")
  @State
  public static class Withdrawn {
    private final MemoryPipe pipe = Tries.driver(4);

    @Actor
    public void writer(III_Result r) {
      r.r1 = offer(pipe, 5, 8);
    }

    @Actor
    public void reader(III_Result r) {
      r.r2 = read(pipe, 1, 12);
    }

    @Arbiter
    public void rest(III_Result r) {
      r.r3 = read(pipe, 1 + Math.max(0, r.r2), 12);
      if (Math.max(0, r.r2) + r.r3 == 4 + r.r1) {
        r.r3 = 0;
      }
    }
  }

  /** What was not taken of one offer goes on with others, and through the buffer. */
  @JCStressTest
  @Outcome(id = "[0-9]+, [0-9]+, 0", expect = ACCEPTABLE, desc = "In order, none lost.")
  @State
  public static class GoneOnWith {
    private final MemoryPipe pipe = Tries.driver(4);

    @Actor
    public void writer(III_Result r) {
      int next = 5;
      for (int i = 0; i < 3; i++) {
        int first = next;
        next += offer(pipe, first, 4);
        int then = next;
        next += Math.max(0, Tries.number(() -> pipe.sink().write(Tries.bytes(then, 1))));
      }
      r.r1 = next - 1;
    }

    @Actor
    public void reader(III_Result r) {
      int n = Math.max(0, read(pipe, 1, 5));
      int more = read(pipe, 1 + n, 3);
      n += Math.max(0, more);
      int last = read(pipe, 1 + n, 10);
      r.r2 = more == Tries.WRONG || last == Tries.WRONG ? Tries.WRONG : n + Math.max(0, last);
    }

    @Arbiter
    public void rest(III_Result r) {
      int n = Math.max(0, r.r2);
      while (r.r2 >= 0 && n < r.r1) {
        int more = read(pipe, 1 + n, 20);
        if (more <= 0) {
          break;
        }
        n += more;
      }
      r.r3 = n - r.r1;
    }
  }

  /** Of a large write, which is offered while it is made, none is lost or comes twice. */
  @JCStressTest
  @Outcome(id = "[0-9]+, [0-9]+, 0", expect = ACCEPTABLE, desc = "In order, none lost.")
  @State
  public static class Large {
    private static final int SIZE = 512 + 16 * 1024;
    private final MemoryPipe pipe = new MemoryPipe("p", 64 * 1024, false, true);

    /** Of the first one it is learned how long a copy takes. */
    public Large() {
      Tries.number(() -> pipe.sink().write(ByteBuffer.allocate(SIZE)));
      Tries.number(() -> pipe.source().read(ByteBuffer.allocate(SIZE)));
    }

    @Actor
    public void writer(III_Result r) {
      ByteBuffer src = Tries.bytes(1, SIZE);
      r.r1 = Tries.number(() -> pipe.sink().write(src));
      overwrite(src);
    }

    @Actor
    public void reader(III_Result r) {
      int n = 0;
      for (int i = 0; i < 4 && n >= 0; i++) {
        int more = read(pipe, 1 + n, i == 0 ? 512 : 3000);
        n = more == Tries.WRONG ? more : n + Math.max(0, more);
      }
      r.r2 = n;
    }

    @Arbiter
    public void rest(III_Result r) {
      int last = read(pipe, 1 + Math.max(0, r.r2), 2 * SIZE);
      r.r3 = last == Tries.WRONG ? last : r.r2 + last - r.r1;
    }
  }

  /** A pipe whose writer waits, with eight bytes more. */
  private static final class Waiting {
    private final MemoryPipe pipe = Tries.driver(4);
    private final ByteBuffer src = Tries.bytes(5, 8);

    Waiting() {
      ((Offering) pipe.sink()).offer(src);
    }

    int taken() {
      return ((Offering) pipe.sink()).withdraw(src);
    }
  }

  /** An end falls before a byte that was taken, or behind it. */
  @JCStressTest
  @Outcome(id = "[0-9]+, 0", expect = ACCEPTABLE, desc = "All was read that was taken.")
  @State
  public static class Ended {
    private final Waiting waiting = new Waiting();

    @Actor
    public void ender() {
      Tries.number(
          () -> {
            waiting.pipe.sink().end();
            return 0;
          });
    }

    @Actor
    public void reader(II_Result r) {
      r.r1 = read(waiting.pipe, 1, 12);
    }

    @Arbiter
    public void rest(II_Result r) {
      int ended = read(waiting.pipe, 1, 12);
      r.r2 = ended == -1 ? r.r1 - 4 - waiting.taken() : Tries.WRONG;
    }
  }

  /** A close of the reading side falls before a byte that was taken, or behind it. */
  @JCStressTest
  @Outcome(id = "(-3|[0-9]+), 0", expect = ACCEPTABLE, desc = "What was not read was dropped.")
  @State
  public static class Closed {
    private final Waiting waiting = new Waiting();

    @Actor
    public void closer() {
      Tries.number(
          () -> {
            waiting.pipe.source().close();
            return 0;
          });
    }

    @Actor
    public void reader(II_Result r) {
      r.r1 = read(waiting.pipe, 1, 12);
    }

    @Arbiter
    public void rest(II_Result r) {
      long dropped = waiting.pipe.sink().dropped();
      r.r2 = (int) (Math.max(0, r.r1) + dropped - 4 - waiting.taken());
    }
  }
}
