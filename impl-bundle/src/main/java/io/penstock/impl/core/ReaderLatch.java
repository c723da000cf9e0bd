// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.core;

import io.penstock.spi.SinkDriver;
import io.penstock.stream.Latch;
import java.util.List;

/** Tells a writer that a reader was here. */
final class ReaderLatch extends Level implements Latch {
  private final DrivenSink sink;
  private volatile boolean set;
  private volatile long seen;

  ReaderLatch(DrivenSink sink) {
    super(List.of(sink), List.of(), () -> false);
    this.sink = sink;
  }

  private long reads() {
    SinkDriver driver = sink.driver();
    return driver == null ? 0 : driver.reads();
  }

  /** The transport took something, which counts where the reader cannot be seen. */
  void wrote() {
    if (!set && reads() < 0) {
      set = true;
      sink.wake();
    }
  }

  @Override
  public boolean isSet() {
    long reads = reads();
    if (reads == Long.MAX_VALUE || (reads >= 0 && reads != seen)) {
      set = true;
      seen = reads;
    }
    return set;
  }

  @Override
  public void clear() {
    long reads = reads();
    if (reads != Long.MAX_VALUE) {
      seen = reads;
      set = false;
      sink.cleared(this);
    }
  }
}
