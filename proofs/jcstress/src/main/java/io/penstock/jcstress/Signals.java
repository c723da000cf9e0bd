// SPDX-License-Identifier: Apache-2.0
package io.penstock.jcstress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;

import io.penstock.impl.pipe.DrivenPipe;
import io.penstock.stream.Wait;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;
import org.openjdk.jcstress.infra.results.II_Result;

/** A signal that is set is true. */
public class Signals {
  private Signals() {}

  /** Readable, and then read. */
  @JCStressTest
  @Outcome(id = "0, (0|1)", expect = ACCEPTABLE, desc = "Not yet when it looked.")
  @Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "Readable, and read.")
  @State
  public static class ReadableThenRead {
    private final DrivenPipe pipe = Tries.pipe(4);

    @Actor
    public void writer() {
      Tries.write(pipe, 1, 1);
    }

    @Actor
    public void reader(II_Result r) {
      r.r1 = pipe.source().readable().isSet() ? 1 : 0;
      r.r2 = Tries.read(pipe, 1, 1);
    }
  }

  /** Room, and then a write that uses it. */
  @JCStressTest
  @Outcome(id = "0, [0-2]", expect = ACCEPTABLE, desc = "Not yet when it looked.")
  @Outcome(id = "1, [12]", expect = ACCEPTABLE, desc = "At least as much as was said.")
  @Outcome(id = "2, 2", expect = ACCEPTABLE, desc = "As much as was said.")
  @State
  public static class Room {
    private final DrivenPipe pipe = Tries.filled(2, 2);

    @Actor
    public void reader() {
      Tries.read(pipe, 1, 2);
    }

    @Actor
    public void writer(II_Result r) {
      r.r1 = (int) pipe.sink().room();
      r.r2 = Tries.write(pipe, 3, 2);
    }
  }

  /** Who waits for a signal is woken. */
  @JCStressTest
  @Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "Woken, or it did not have to wait.")
  @State
  public static class AwaitReadable {
    private final DrivenPipe pipe = Tries.pipe(4);

    @Actor
    public void writer(II_Result r) {
      r.r1 = Tries.write(pipe, 1, 1);
    }

    @Actor
    public void reader(II_Result r) {
      r.r2 =
          Tries.number(
              () -> {
                pipe.source().readable().await(Wait.forever());
                return 1;
              });
    }
  }

  /** A reader that was here, whether somebody looked meanwhile or not. */
  @JCStressTest
  @Outcome(id = "1, (0|1), 1", expect = ACCEPTABLE, desc = "Seen in the end.")
  @State
  public static class ReaderLatch {
    private final DrivenPipe pipe = Tries.filled(4, 1);

    @Actor
    public void reader(III_Result r) {
      r.r1 = Tries.read(pipe, 1, 1);
    }

    @Actor
    public void writer(III_Result r) {
      r.r2 = pipe.sink().reader().isSet() ? 1 : 0;
    }

    @Arbiter
    public void rest(III_Result r) {
      r.r3 = pipe.sink().reader().isSet() ? 1 : 0;
    }
  }
}
