// SPDX-License-Identifier: Apache-2.0
package io.penstock.lincheck;

import io.penstock.stream.Wait;
import java.util.ArrayDeque;
import org.jetbrains.lincheck.datastructures.IntGen;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Param;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledIfEnvironmentVariable;

/**
 * Small sets of operations at once come to what some order of them would come to. Turns are handed
 * out, so a call that must not wait may find "nothing now" because somebody else is at it; that is
 * allowed for by one group of callers for each end.
 */
@DisabledIfEnvironmentVariable(
    named = "PENSTOCK_ELSEWHERE",
    matches = ".*\\bmodels\\b.*",
    disabledReason = "tried in the build beside this one")
class LinearizabilityTest {
  @BeforeAll
  static void prepare() {
    Pair.prepare();
  }

  private static final int SCHEDULES = Integer.getInteger("penstock.proof.schedules", 40);
  private static final int ROUNDS = SCHEDULES > 40 ? 30 : 6;
  private static final int CAPACITY = 2;

  /** What it must look like: bytes in a queue, and three flags. */
  public static class Queue {
    private final ArrayDeque<Integer> bytes = new ArrayDeque<>();
    private boolean ended;
    private boolean cut;
    private boolean dropped;

    private int refusal() {
      return ended ? Pair.BROKEN : cut ? Pair.CUT : dropped ? Pair.BROKEN : 0;
    }

    /** A byte that is copied: several may be seen one after the other. */
    public int write(int value) {
      return give(value);
    }

    /** A byte that is given. */
    public int give(int value) {
      int refusal = refusal();
      if (refusal == 0 && bytes.size() < CAPACITY) {
        bytes.add(value);
        return 1;
      }
      return refusal;
    }

    /** The value of the next byte, and a hundred. */
    public int read() {
      if (dropped) {
        return Pair.CLOSED;
      }
      Integer next = bytes.poll();
      return next != null ? 100 + next : cut ? Pair.CUT : ended ? -1 : 0;
    }

    /** How many bytes there are. */
    public long available() {
      return bytes.size();
    }

    /** Cuts the stream. */
    public void abort() {
      cut |= !dropped && !(ended && bytes.isEmpty());
    }

    /** Ends the stream. */
    public int end() {
      ended = true;
      return 0;
    }

    /** Closes the reading end. */
    public int closeSource() {
      dropped = true;
      bytes.clear();
      return 0;
    }
  }

  /** Writes, gives and reads. */
  @Param(name = "value", gen = IntGen.class, conf = "1:9")
  public static class Bytes {
    private final Pair pair = new Pair(CAPACITY);

    /** A byte that is copied. */
    @Operation(params = "value", nonParallelGroup = "writer")
    public int write(int value) {
      return pair.write(value, 1, Wait.none());
    }

    /** A byte that is given. */
    @Operation(params = "value", nonParallelGroup = "writer")
    public int give(int value) {
      return pair.give(value, Wait.none());
    }

    /** The next byte. */
    @Operation(nonParallelGroup = "reader")
    public int read() {
      return pair.readOne(Wait.none());
    }

    /** How many bytes there are. */
    @Operation(nonParallelGroup = "reader")
    public long available() {
      return pair.source.available();
    }
  }

  /** The same, and what ends it all, from a third side. */
  @Param(name = "value", gen = IntGen.class, conf = "1:9")
  public static class Ends {
    private final Pair pair = new Pair(CAPACITY);

    /** A byte that is copied. */
    @Operation(params = "value", nonParallelGroup = "writer")
    public int write(int value) {
      return pair.write(value, 1, Wait.none());
    }

    /** The next byte. */
    @Operation(nonParallelGroup = "reader")
    public int read() {
      return pair.readOne(Wait.none());
    }

    /** Cuts the stream. */
    @Operation
    public void abort() {
      pair.abort();
    }

    /** Ends the stream: as a write, for it takes the writers' turn. */
    @Operation(nonParallelGroup = "writer")
    public int end() {
      return pair.end();
    }

    /** Closes the reading end. */
    @Operation
    public int closeSource() {
      return pair.closeSource();
    }
  }

  private static void check(Class<?> operations) {
    new ModelCheckingOptions()
        .threads(2)
        .actorsBefore(2)
        .actorsPerThread(2)
        .actorsAfter(2)
        .iterations(ROUNDS)
        .invocationsPerIteration(SCHEDULES)
        .sequentialSpecification(Queue.class)
        .minimizeFailedScenario(true)
        .check(operations);
  }

  @Test
  void bytes() {
    check(Bytes.class);
  }

  @Test
  void ends() {
    check(Ends.class);
  }
}
