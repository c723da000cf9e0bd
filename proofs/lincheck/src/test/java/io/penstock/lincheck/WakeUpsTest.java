// SPDX-License-Identifier: Apache-2.0
package io.penstock.lincheck;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.penstock.stream.Wait;
import java.nio.ByteBuffer;
import java.util.function.IntSupplier;
import java.util.function.Supplier;
import java.util.function.ToIntFunction;
import org.jetbrains.lincheck.Lincheck;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledIfEnvironmentVariable;

/** A caller that begins to wait while what it waits for happens is woken in every schedule. */
@DisabledIfEnvironmentVariable(
    named = "PENSTOCK_ELSEWHERE",
    matches = ".*\\bmodels\\b.*",
    disabledReason = "tried in the build beside this one")
class WakeUpsTest {
  @BeforeAll
  static void prepare() {
    Pair.prepare();
  }

  private static final int SCHEDULES = Integer.getInteger("penstock.proof.schedules", 40);

  /** Tries two calls against each other. */
  private static void check(
      Supplier<Pair> start,
      ToIntFunction<Pair> one,
      int first,
      ToIntFunction<Pair> two,
      int second) {
    Lincheck.runConcurrentTest(
        SCHEDULES,
        () -> {
          Pair pair = start.get();
          int[] results = new int[2];
          Thread a = thread(results, 0, () -> one.applyAsInt(pair));
          Thread b = thread(results, 1, () -> two.applyAsInt(pair));
          join(a);
          join(b);
          assertEquals(first, results[0]);
          assertEquals(second, results[1]);
        });
  }

  private static Thread thread(int[] results, int i, IntSupplier call) {
    Thread thread = new Thread(() -> results[i] = call.getAsInt());
    thread.start();
    return thread;
  }

  private static void join(Thread thread) {
    try {
      thread.join();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private static int read(Pair pair) {
    return pair.readOne(Wait.forever());
  }

  @Test
  void readerByWrite() {
    check(() -> new Pair(1), pair -> pair.write(7, 1, Wait.none()), 1, WakeUpsTest::read, 107);
  }

  @Test
  void readerByGive() {
    check(() -> new Pair(1), pair -> pair.give(7, Wait.none()), 1, WakeUpsTest::read, 107);
  }

  @Test
  void writerByRead() {
    check(
        () -> Pair.filled(1, 1),
        pair -> pair.readOne(Wait.none()),
        101,
        pair -> pair.write(2, 1, Wait.forever()),
        1);
  }

  @Test
  void writerByReadPastTheBuffer() {
    check(() -> Pair.filled(1, 1), WakeUpsTest::three, 3, pair -> rest(pair, 2, 2), 2);
  }

  /** Reads three bytes, by reads that ask for as many as are missing. */
  private static int three(Pair pair) {
    ByteBuffer dst = ByteBuffer.allocate(3);
    int n =
        Pair.number(
            () -> {
              while (dst.hasRemaining()) {
                pair.source.read(dst, Wait.forever());
              }
              return dst.position();
            });
    boolean inOrder = dst.get(0) == 1 && dst.get(1) == 2 && dst.get(2) == 3;
    return inOrder ? n : Pair.WRONG;
  }

  /** Writes bytes that are numbered on, all of them. */
  private static int rest(Pair pair, int first, int size) {
    ByteBuffer src = ByteBuffer.allocate(size);
    for (int i = 0; i < size; i++) {
      src.put(i, (byte) (first + i));
    }
    return Pair.number(
        () -> {
          pair.sink.writeFully(src, Wait.forever());
          return src.position();
        });
  }

  @Test
  void flushByRead() {
    check(
        () -> Pair.filled(1, 1),
        pair -> pair.readOne(Wait.none()),
        101,
        pair ->
            Pair.number(
                () -> {
                  pair.sink.flush(Wait.forever());
                  return 0;
                }),
        0);
  }

  @Test
  void readerByEnd() {
    check(() -> new Pair(1), Pair::end, 0, WakeUpsTest::end, -1);
  }

  private static int end(Pair pair) {
    return Pair.number(() -> pair.source.read(ByteBuffer.allocate(1), Wait.forever()));
  }

  @Test
  void readerByClose() {
    check(() -> new Pair(1), Pair::closeSource, 0, WakeUpsTest::read, Pair.CLOSED);
  }

  @Test
  void readerByAbort() {
    check(
        () -> new Pair(1),
        pair -> {
          pair.abort();
          return 0;
        },
        0,
        WakeUpsTest::read,
        Pair.CUT);
  }

  @Test
  void writerByCloseOfSource() {
    check(
        () -> Pair.filled(1, 1),
        Pair::closeSource,
        0,
        pair -> pair.write(2, 1, Wait.forever()),
        Pair.BROKEN);
  }

  @Test
  void readerBySetting() {
    check(
        () -> new Pair(1),
        pair -> {
          pair.source.readWait(Wait.none());
          return 0;
        },
        0,
        pair -> Pair.number(() -> pair.source.read(ByteBuffer.allocate(1))),
        0);
  }

  @Test
  void twoReadersTakeTurns() {
    check(() -> Pair.filled(2, 2), WakeUpsTest::twice, 1, WakeUpsTest::twice, 1);
  }

  private static int twice(Pair pair) {
    return pair.readOne(Wait.forever()) > 100 ? 1 : 0;
  }

  @Test
  void twoWritersTakeTurns() {
    check(
        () -> new Pair(2),
        pair -> pair.write(1, 1, Wait.forever()),
        1,
        pair -> pair.write(2, 1, Wait.forever()),
        1);
  }

  /** The second write of each may come while the other is on its way to the turn. */
  @Test
  void writersThatOvertakeForgetNobody() {
    check(() -> new Pair(4), pair -> writeTwice(pair, 1), 2, pair -> writeTwice(pair, 3), 2);
  }

  private static int writeTwice(Pair pair, int first) {
    return pair.write(first, 1, Wait.forever()) + pair.write(first + 1, 1, Wait.forever());
  }

  @Test
  void readersThatOvertakeForgetNobody() {
    check(
        () -> Pair.filled(4, 4),
        pair -> twice(pair) + twice(pair),
        2,
        pair -> twice(pair) + twice(pair),
        2);
  }
}
