// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.runtime;

import io.penstock.impl.core.Onlooker;
import io.penstock.spi.Messages;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;

/**
 * Writes a line into the log for each operation of an end. A worker does so: the log may go through
 * the very stream that is traced, whose turn the thread of the operation has.
 */
final class TraceLines implements Onlooker {
  static final System.Logger LOG = Messages.log("trace");
  static final int MOST_LINES = 1000;

  /** Whether this thread writes lines: what that moves over a traced stream needs no line. */
  private static final ThreadLocal<Boolean> WRITING = ThreadLocal.withInitial(() -> false);

  private final Executor worker;
  private final String name;
  private final String verb;
  private final Queue<Line> lines = new ConcurrentLinkedQueue<>();
  private final AtomicInteger waiting = new AtomicInteger();
  private final LongAdder untold = new LongAdder();
  private final AtomicBoolean writing = new AtomicBoolean();

  private record Line(long bytes, String how, String thread) {}

  TraceLines(Executor worker, String name, String verb) {
    this.worker = worker;
    this.name = name;
    this.verb = verb;
  }

  @Override
  public void saw(ByteBuffer bytes) {
    note(bytes.remaining(), "");
  }

  @Override
  public void missed(long bytes) {
    note(bytes, " without a copy");
  }

  private void note(long bytes, String how) {
    if (WRITING.get()) {
      return;
    }
    if (waiting.incrementAndGet() > MOST_LINES) {
      waiting.decrementAndGet();
      untold.increment();
    } else {
      lines.add(new Line(bytes, how, Thread.currentThread().getName()));
    }
    if (writing.compareAndSet(false, true)) {
      worker.execute(this::write);
    }
  }

  private void write() {
    WRITING.set(true);
    try {
      for (Line line; (line = lines.poll()) != null; ) {
        waiting.decrementAndGet();
        LOG.log(
            Level.INFO,
            "{0}: {1} {2} bytes{3} by {4}",
            name,
            verb,
            String.valueOf(line.bytes()),
            line.how(),
            line.thread());
      }
      long left = untold.sumThenReset();
      if (left > 0) {
        LOG.log(
            Level.INFO,
            "{0}: {1} in {2} operations more, which were too many for the log",
            name,
            verb,
            String.valueOf(left));
      }
    } finally {
      WRITING.remove();
      writing.set(false);
    }
    if (!lines.isEmpty() && writing.compareAndSet(false, true)) {
      worker.execute(this::write);
    }
  }
}
