// SPDX-License-Identifier: Apache-2.0
package io.penstock.jcstress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;

import io.penstock.impl.buffer.MemoryPipe;
import io.penstock.impl.pipe.DrivenPipe;
import io.penstock.stream.Wait;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicInteger;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;
import org.openjdk.jcstress.infra.results.II_Result;

/** Who sees that there are bytes sees the bytes. */
public class HandOver {
  private HandOver() {}

  /** Across the end of the buffer, where a write takes two copies. */
  @JCStressTest
  @Outcome(id = "8, [0-8]", expect = ACCEPTABLE, desc = "Nothing, or the first bytes.")
  @Outcome(id = "[0-8], [0-8]", expect = ACCEPTABLE, desc = "The same, with less room.")
  @State
  public static class Wrapped {
    private final DrivenPipe pipe = Tries.advanced(16, 12);

    @Actor
    public void writer(II_Result r) {
      r.r1 = Tries.write(pipe, 1, 8);
    }

    @Actor
    public void reader(II_Result r) {
      r.r2 = Tries.read(pipe, 1, 8);
    }
  }

  /** Room that a reader has made is not written to before the reader has what was there. */
  @JCStressTest
  @Outcome(id = "[0-8], 8, [0-8]", expect = ACCEPTABLE, desc = "Old bytes, then new ones.")
  @State
  public static class Overwritten {
    private final DrivenPipe pipe = Tries.filled(8, 8);

    @Actor
    public void writer(III_Result r) {
      r.r1 = Tries.write(pipe, 9, 8);
    }

    @Actor
    public void reader(III_Result r) {
      r.r2 = Tries.read(pipe, 1, 8);
    }

    @Arbiter
    public void rest(III_Result r) {
      r.r3 = Tries.read(pipe, 9, 8);
      if (r.r3 != r.r1) {
        r.r3 = Tries.WRONG;
      }
    }
  }

  /** A given buffer, taken as a whole. */
  @JCStressTest
  @Outcome(id = "8, 0", expect = ACCEPTABLE, desc = "Came too early.")
  @Outcome(id = "8, 8", expect = ACCEPTABLE, desc = "Took it.")
  @State
  public static class GivenAndTaken {
    private final DrivenPipe pipe = Tries.pipe(4);

    @Actor
    public void writer(II_Result r) {
      ByteBuffer immutable = Tries.bytes(1, 8);
      r.r1 = Tries.number(() -> pipe.sink().give(immutable, Wait.none()));
    }

    @Actor
    public void reader(II_Result r) {
      r.r2 =
          Tries.number(
              () -> {
                ByteBuffer run = pipe.source().take(100, Wait.none());
                return run == null ? Tries.WRONG : Tries.inOrder(run, 1, run.remaining());
              });
    }
  }

  /** A buffer whose giver wants it back, while the source is closed: it is told once. */
  @JCStressTest
  @Outcome(id = "-3, 1", expect = ACCEPTABLE, desc = "The close dropped it.")
  @Outcome(id = "8, 1", expect = ACCEPTABLE, desc = "It was read before.")
  @State
  public static class ReadAndDropped {
    private final MemoryPipe pipe = new MemoryPipe(64, false);
    private final AtomicInteger released = new AtomicInteger();
    private final int given =
        Tries.number(
            () -> pipe.sink().give(Tries.bytes(1, 8), released::incrementAndGet) ? 8 : Tries.WRONG);

    @Actor
    public void reader(II_Result r) {
      ByteBuffer dst = ByteBuffer.allocate(given);
      int n = Tries.number(() -> pipe.source().read(dst));
      r.r1 = n > 0 ? Tries.inOrder(dst, 1, n) : n;
    }

    @Actor
    public void closer(II_Result r) {
      Tries.number(
          () -> {
            pipe.source().close();
            return 0;
          });
    }

    @Arbiter
    public void told(II_Result r) {
      r.r2 = released.get();
    }
  }

  /** Given buffers and copies keep their order. */
  @JCStressTest
  @Outcome(id = "5, [0-5], [0-5]", expect = ACCEPTABLE, desc = "In order, none lost.")
  @State
  public static class Mixed {
    private final DrivenPipe pipe = Tries.advanced(16, 14);

    @Actor
    public void writer(III_Result r) {
      int n = Tries.write(pipe, 1, 2);
      ByteBuffer immutable = Tries.bytes(3, 2);
      n += Tries.number(() -> pipe.sink().give(immutable, Wait.none()));
      r.r1 = n + Tries.write(pipe, 5, 1);
    }

    @Actor
    public void reader(III_Result r) {
      int n = Math.max(0, Tries.read(pipe, 1, 3));
      int more = Tries.read(pipe, 1 + n, 3);
      r.r2 = more < 0 ? more : n + more;
    }

    @Arbiter
    public void rest(III_Result r) {
      r.r3 = Tries.read(pipe, 1 + r.r2, 8);
      if (r.r2 + r.r3 != r.r1) {
        r.r3 = Tries.WRONG;
      }
    }
  }

  /** A pipe that must have more memory while it is read. */
  @JCStressTest
  @Outcome(id = "9000, [0-9]+, [0-9]+", expect = ACCEPTABLE, desc = "In order, none lost.")
  @State
  public static class Growing {
    private final DrivenPipe pipe = Tries.advanced(64 * 1024, 50);

    @Actor
    public void writer(III_Result r) {
      int n = Tries.write(pipe, 1, 100);
      n += Tries.write(pipe, 1 + n, 3900);
      r.r1 = n + Tries.write(pipe, 1 + n, 5000);
    }

    @Actor
    public void reader(III_Result r) {
      int n = Math.max(0, Tries.read(pipe, 1, 1000));
      int more = Tries.read(pipe, 1 + n, 5000);
      r.r2 = more < 0 ? more : n + more;
    }

    @Arbiter
    public void rest(III_Result r) {
      r.r3 = Tries.read(pipe, 1 + r.r2, 9000);
      if (r.r2 + r.r3 != r.r1) {
        r.r3 = Tries.WRONG;
      }
    }
  }

  /** Memory that is given back while somebody writes. */
  @JCStressTest
  @Outcome(id = "8, (0|1), 8", expect = ACCEPTABLE, desc = "In order, none lost.")
  @State
  public static class Trimmed {
    private final DrivenPipe pipe = Tries.advanced(16, 12);

    @Actor
    public void writer(III_Result r) {
      r.r1 = Tries.write(pipe, 1, 8);
    }

    @Actor
    public void trimmer(III_Result r) {
      r.r2 = pipe.trim() ? 1 : 0;
    }

    @Arbiter
    public void rest(III_Result r) {
      r.r3 = Tries.read(pipe, 1, 16);
    }
  }
}
