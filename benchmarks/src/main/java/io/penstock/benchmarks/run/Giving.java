// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.run;

import io.penstock.benchmarks.peer.HandOver;
import io.penstock.benchmarks.peer.Peer;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** Hands immutable arrays of 8 KiB from one thread to another. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@SuppressWarnings("NullAway.Init")
public class Giving {
  /** How many are one operation for JMH. */
  public static final int BATCH = 1024;

  /** Who. */
  @Param({"PENSTOCK"})
  public Peer peer;

  private HandOver handOver;
  private Partner taker;
  private long given;

  /** Starts the taker. */
  @Setup(Level.Trial)
  public void open() throws Exception {
    handOver = peer.openHandOver();
    taker = Partner.start(this::takeAll);
  }

  private long takeAll() throws Exception {
    long sum = 0;
    for (int n; (n = handOver.take()) >= 0; ) {
      sum += n;
    }
    return sum;
  }

  /** Some. */
  @Benchmark
  @OperationsPerInvocation(BATCH)
  public void batch() throws Exception {
    for (int i = 0; i < BATCH; i++) {
      handOver.give();
    }
    given += BATCH;
  }

  /** All that was given has been taken. */
  @TearDown(Level.Trial)
  public void close() throws Exception {
    handOver.end();
    taker.join(given * HandOver.SIZE);
    handOver.close();
  }
}
