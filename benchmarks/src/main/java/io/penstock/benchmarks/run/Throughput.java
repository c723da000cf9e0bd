// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.run;

import io.penstock.benchmarks.peer.Conduit;
import io.penstock.benchmarks.peer.Peer;
import io.penstock.benchmarks.peer.Shape;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * One thread writes, one reads. What is counted is written; at the end all of it must have been
 * read, so that the two differ by one buffer at the most.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@SuppressWarnings("NullAway.Init")
public class Throughput {
  /** Who. */
  @Param({"PENSTOCK"})
  public Peer peer;

  /** Bytes of a write, and of the reader's buffer. */
  @Param({"8192"})
  public int chunk;

  /** Bytes. */
  @Param({"65536"})
  public int buffer;

  /** What Penstock is told. */
  @Param({"DEFAULT"})
  public Shape.Users users;

  /** Where Penstock keeps copies. */
  @Param({"false"})
  public boolean direct;

  private Conduit conduit;
  private Partner reader;
  private int writes;
  private long batches;

  /** How many writes are one operation for JMH: enough that its own work does not count. */
  public static int writes(int chunk) {
    return Math.max(4, Math.min(1024, 4 * 1024 * 1024 / chunk));
  }

  /** Starts the reader. */
  @Setup(Level.Trial)
  public void open() throws Exception {
    writes = writes(chunk);
    conduit = peer.open(new Shape(chunk, buffer, users, direct));
    reader = Partner.start(this::readAll);
  }

  private long readAll() throws Exception {
    long sum = 0;
    for (int n; (n = conduit.read()) >= 0; ) {
      sum += n;
    }
    return sum;
  }

  /** Some writes. */
  @Benchmark
  public void batch() throws Exception {
    for (int i = 0; i < writes; i++) {
      conduit.change();
      conduit.write();
    }
    batches++;
  }

  /** All that was written has been read. */
  @TearDown(Level.Trial)
  public void close() throws Exception {
    conduit.end();
    reader.join(batches * writes * chunk);
    conduit.close();
  }
}
