// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.core;

import io.penstock.impl.buffer.Offering;
import io.penstock.impl.posix.Cargo;
import io.penstock.impl.posix.HandleSink;
import io.penstock.spi.SegmentSink;
import io.penstock.spi.SinkDriver;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** A sink driver that is looked at. */
class TappedSink extends Tapped<SinkDriver> implements SinkDriver {
  TappedSink(SinkDriver driver) {
    super(driver);
  }

  /** Stands before a driver, and can do what the driver can but for splicing. */
  static TappedSink of(SinkDriver driver) {
    if (driver instanceof SegmentSink segments) {
      return driver instanceof Offering offering
          ? new Memory(segments, offering)
          : new Segments(segments);
    }
    return driver instanceof HandleSink handles ? new Handles(handles) : new TappedSink(driver);
  }

  @Override
  public int write(ByteBuffer src) throws IOException {
    int from = src.position();
    int n = driver.write(src);
    show(src, from);
    return n;
  }

  @Override
  public void end() throws IOException {
    driver.end();
  }

  @Override
  public long room() {
    return driver.room();
  }

  @Override
  public long pending() {
    return driver.pending();
  }

  @Override
  public long unsent() {
    return driver.unsent();
  }

  @Override
  public long unflushed() {
    return driver.unflushed();
  }

  @Override
  public void flush() throws IOException {
    driver.flush();
  }

  @Override
  public long dropped() {
    return driver.dropped();
  }

  @Override
  public long reads() {
    return driver.reads();
  }

  /** With segments. */
  private static class Segments extends TappedSink implements SegmentSink {
    private final SegmentSink segments;

    Segments(SegmentSink segments) {
      super(segments);
      this.segments = segments;
    }

    @Override
    public boolean give(ByteBuffer immutable, @Nullable Runnable released) throws IOException {
      // Once it is given, its owner may have it back at any time.
      int from = immutable.position();
      int to = immutable.limit();
      ByteBuffer copy = null;
      if (released != null) {
        copy = ByteBuffer.allocate(to - from).put(immutable.duplicate()).flip();
      }
      boolean given = segments.give(immutable, released);
      if (given && copy != null) {
        show(copy, 0, copy.limit());
      } else if (given) {
        show(immutable, from, to);
      }
      return given;
    }
  }

  /** A buffer in memory. */
  private static final class Memory extends Segments implements Offering {
    private final Offering offering;

    Memory(SegmentSink segments, Offering offering) {
      super(segments);
      this.offering = offering;
    }

    @Override
    public void offer(ByteBuffer src) {
      offering.offer(src);
    }

    @Override
    public int withdraw(ByteBuffer src) {
      int n = offering.withdraw(src);
      show(src, src.position() - n);
      return n;
    }
  }

  /** A socket that carries handles. */
  private static final class Handles extends TappedSink implements HandleSink {
    private final HandleSink handles;

    Handles(HandleSink handles) {
      super(handles);
      this.handles = handles;
    }

    @Override
    public boolean carries() {
      return handles.carries();
    }

    @Override
    public int write(ByteBuffer src, Cargo cargo) throws IOException {
      int from = src.position();
      int n = handles.write(src, cargo);
      show(src, from);
      return n;
    }
  }
}
