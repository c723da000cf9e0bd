// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.run;

import io.penstock.benchmarks.peer.Conduit;
import io.penstock.benchmarks.peer.Peer;
import io.penstock.benchmarks.peer.Shape;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** One byte there through one conduit, and back through another. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@SuppressWarnings("NullAway.Init")
public class RoundTrip {
  /** Who. */
  @Param({"PENSTOCK"})
  public Peer peer;

  private Conduit there;
  private Conduit back;
  private Partner echo;
  private long trips;

  /** Starts the echo. */
  @Setup(Level.Trial)
  public void open() throws Exception {
    there = peer.open(Shape.of(1));
    back = peer.open(Shape.of(1));
    echo = Partner.start(this::echoAll);
  }

  private long echoAll() throws Exception {
    long sum = 0;
    while (there.read() > 0) {
      back.out[0] = there.in[0];
      back.write();
      sum++;
    }
    back.end();
    return sum;
  }

  /** There and back. */
  @Benchmark
  public int trip() throws Exception {
    there.out[0] = (byte) trips++;
    there.write();
    int n = back.read();
    if (n != 1 || back.in[0] != there.out[0]) {
      throw new IllegalStateException("got " + n + " bytes and " + back.in[0] + " back");
    }
    return n;
  }

  /** Each trip was counted on the other side, too. */
  @TearDown(Level.Trial)
  public void close() throws Exception {
    there.end();
    if (back.read() >= 0) {
      throw new IllegalStateException("got a byte that nobody sent");
    }
    echo.join(trips);
    there.close();
    back.close();
  }
}
