// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.load;

import io.penstock.benchmarks.peer.Conduit;
import io.penstock.benchmarks.peer.Peer;
import io.penstock.benchmarks.peer.Shape;
import io.penstock.benchmarks.report.Sample.Kind;
import io.penstock.benchmarks.report.Texts;
import io.penstock.benchmarks.server.Serve;
import java.util.concurrent.FutureTask;
import java.util.concurrent.Phaser;
import java.util.concurrent.TimeUnit;

/** What both threads of a pipe allocate for a piece, once all is compiled. */
final class Garbage {
  private Garbage() {}

  static void measure(String who, boolean brief) throws Exception {
    for (int chunk : Texts.GARBAGE_CHUNKS) {
      // So many that what a JVM allocates once and for all does not show.
      long bytes = brief ? 1 << 22 : 1L << 33;
      int writes = (int) Math.min(2_000_000, bytes / chunk);
      Trial.tell(
          Kind.ALLOCATION, Texts.GARBAGE_PIPE, chunk, perChunk(Peer.valueOf(who), chunk, writes));
    }
  }

  /** Bytes for each write and what reads it. The first half of the writes is not counted. */
  static double perChunk(Peer peer, int chunk, int writes) throws Exception {
    long half = (long) writes / 2;
    Phaser turns = new Phaser(2);
    try (Conduit conduit = peer.open(Shape.of(chunk))) {
      FutureTask<Long> reader =
          new FutureTask<>(
              () -> {
                long sum = 0;
                for (int n; (n = conduit.read()) >= 0; ) {
                  long before = sum;
                  sum += n;
                  if (before / (half * chunk) < sum / (half * chunk)) {
                    turns.arrive();
                  }
                }
                return sum;
              });
      Thread thread = new Thread(reader, "reader");
      thread.setDaemon(true);
      thread.start();
      for (long i = 0; i < half; i++) {
        conduit.write();
      }
      turns.awaitAdvanceInterruptibly(turns.arrive(), 60, TimeUnit.SECONDS);
      long before = Serve.allocated();
      for (long i = 0; i < half; i++) {
        conduit.write();
      }
      turns.awaitAdvanceInterruptibly(turns.arrive(), 60, TimeUnit.SECONDS);
      double allocated = (double) (Serve.allocated() - before) / half;
      conduit.end();
      long expected = 2 * half * chunk;
      long got = reader.get(60, TimeUnit.SECONDS);
      if (got != expected) {
        throw new IllegalStateException("read " + got + " bytes, expected " + expected);
      }
      return allocated;
    }
  }
}
