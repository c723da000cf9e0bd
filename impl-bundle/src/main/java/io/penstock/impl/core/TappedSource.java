// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.core;

import io.penstock.impl.buffer.Holding;
import io.penstock.spi.SegmentSource;
import io.penstock.spi.SourceDriver;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** A source driver that is looked at. Bytes that are put back are not shown again. */
class TappedSource extends Tapped<SourceDriver> implements SourceDriver {
  TappedSource(SourceDriver driver) {
    super(driver);
  }

  /** Stands before a driver, and can do what the driver can but for splicing. */
  static TappedSource of(SourceDriver driver) {
    if (driver instanceof SegmentSource segments) {
      return driver instanceof Holding holding
          ? new Memory(segments, holding)
          : new Segments(segments);
    }
    return driver instanceof Holding holding ? new Held(driver, holding) : new TappedSource(driver);
  }

  @Override
  public int read(ByteBuffer dst) throws IOException {
    int from = dst.position();
    int n = driver.read(dst);
    show(dst, from);
    return n;
  }

  @Override
  public long available() {
    return driver.available();
  }

  @Override
  public long capacity() {
    return driver.capacity();
  }

  @Override
  public boolean ended() {
    return driver.ended();
  }

  @Override
  public long dropped() {
    return driver.dropped();
  }

  /** With segments. */
  private static class Segments extends TappedSource implements SegmentSource {
    private final SegmentSource segments;
    // What is lent, and its first byte. With the turn.
    private @Nullable ByteBuffer lent;

    Segments(SegmentSource segments) {
      super(segments);
      this.segments = segments;
    }

    @Override
    public @Nullable ByteBuffer take(int max) {
      ByteBuffer run = segments.take(max);
      if (run != null) {
        show(run, run.position(), run.limit());
      }
      return run;
    }

    @Override
    public int segment() {
      return segments.segment();
    }

    @Override
    public @Nullable ByteBuffer lend(int max) {
      ByteBuffer run = segments.lend(max);
      lent = run == null ? null : run.duplicate();
      return run;
    }

    @Override
    public void unlend(int consumed) {
      ByteBuffer run = lent;
      lent = null;
      if (run == null) {
        // Lent before anybody looked on.
        missed(consumed);
      } else {
        show(run, run.position(), run.position() + consumed);
      }
      segments.unlend(consumed);
    }
  }

  /** Has what is tapped count the bytes that a long read has gathered. */
  private interface Counting extends Holding {
    Holding holding();

    TappedSource tap();

    @Override
    default int hold(ByteBuffer dst, boolean frees) throws IOException {
      int from = dst.position();
      int n = holding().hold(dst, frees);
      tap().show(dst, from);
      return n;
    }

    @Override
    default void free(int n) {
      holding().free(n);
    }

    @Override
    default boolean deliver(int n) {
      return holding().deliver(n);
    }

    @Override
    default boolean takeBack(int n) {
      return holding().takeBack(n);
    }

    @Override
    default void keep() {
      holding().keep();
    }
  }

  /** A buffer in memory. */
  private static final class Memory extends Segments implements Counting {
    private final Holding holding;

    Memory(SegmentSource segments, Holding holding) {
      super(segments);
      this.holding = holding;
    }

    @Override
    public Holding holding() {
      return holding;
    }

    @Override
    public TappedSource tap() {
      return this;
    }
  }

  /** What counts, and has no segments. */
  private static final class Held extends TappedSource implements Counting {
    private final Holding holding;

    Held(SourceDriver driver, Holding holding) {
      super(driver);
      this.holding = holding;
    }

    @Override
    public Holding holding() {
      return holding;
    }

    @Override
    public TappedSource tap() {
      return this;
    }
  }
}
