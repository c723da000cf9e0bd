// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.support.blocking;

import io.penstock.impl.buffer.MemoryPipe;
import io.penstock.impl.kind.support.AbortableSink;
import io.penstock.impl.kind.support.Daemons;
import io.penstock.impl.kind.support.Failures;
import io.penstock.spi.Messages;
import io.penstock.spi.SegmentSink;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * A sink driver over a descriptor whose writes wait: one daemon thread, which begins with the first
 * write or the end, writes what a buffer of 64 KiB holds.
 */
public final class OutputPump implements SegmentSink, AbortableSink {
  private static final Logger LOG = Messages.log("kind");
  private static final int WINDOW = 64 * 1024;

  private final String name;
  private final String threadName;
  private final BlockingOutput output;
  private final MemoryPipe memory;
  private final AtomicBoolean started = new AtomicBoolean();
  private volatile @Nullable Thread thread;
  private volatile boolean ended;
  private volatile boolean stopped;

  /**
   * Makes a pump that has not begun.
   *
   * @param name of the channel, for errors
   * @param threadName of the thread
   * @param output belongs to the pump from now on
   */
  public OutputPump(String name, String threadName, BlockingOutput output) {
    this.name = name;
    this.threadName = threadName;
    this.output = output;
    this.memory = new MemoryPipe(name, WINDOW, false);
    memory.source().onReady(() -> LockSupport.unpark(thread));
  }

  private void start() {
    if (!started.get() && started.compareAndSet(false, true)) {
      try {
        Daemons.start(threadName, this::run);
      } catch (RuntimeException | Error e) {
        memory.abort(new IOException(name + ": no thread can write it: " + e.getMessage(), e));
        drop();
        cut();
      }
    }
  }

  private void run() {
    // Set here, before the first look at the buffer, so that no wake-up can come too early.
    thread = Thread.currentThread();
    try {
      pump();
    } catch (IOException e) {
      if (stopped) {
        LOG.log(Level.DEBUG, "{0}: the output was closed while it was written", name, e);
      } else {
        fail(e);
      }
      cut();
    } catch (RuntimeException | Error e) {
      memory.abort(e);
      drop();
      cut();
      throw e;
    }
  }

  private void fail(IOException failure) {
    if (!Failures.isBrokenPipe(failure)) {
      if (memory.source().available() == 0) {
        LOG.log(Level.WARNING, "{0}: the output could not be ended", name, failure);
      }
      memory.abort(new IOException(name + ": " + Failures.reason(failure), failure));
    }
    drop();
  }

  /** Nobody will read any more: drops what is left, counts it and tells the writer. */
  private void drop() {
    try {
      memory.source().close();
    } catch (IOException e) {
      LOG.log(Level.WARNING, "{0}: the buffer could not be closed", name, e);
    }
  }

  private void cut() {
    try {
      output.cut();
    } catch (IOException e) {
      LOG.log(Level.WARNING, "{0}: the output could not be closed", name, e);
    }
  }

  /** Returns after the end was written, or when stopped. */
  private void pump() throws IOException {
    while (!stopped) {
      boolean last = ended;
      ByteBuffer run = memory.source().lend(WINDOW);
      if (run != null) {
        writeAll(run);
      } else if (last) {
        output.end();
        return;
      } else {
        LockSupport.park(this);
      }
    }
  }

  private void writeAll(ByteBuffer run) throws IOException {
    int start = run.position();
    boolean taken = false;
    try {
      while (run.hasRemaining() && !stopped) {
        if (output.write(run) == 0) {
          throw new IOException("the descriptor is in non-blocking mode, expected a blocking one");
        }
      }
      taken = true;
    } finally {
      // Given back only now: until then the bytes count as pending. After a failure they stay, for
      // room that came of it would let a writer in that must be told of the failure.
      memory.source().unlend(taken ? run.position() - start : 0);
    }
  }

  /** Drops what was not written, and lets go of the descriptor without an end. */
  @Override
  public void abort(Throwable cause) {
    stopped = true;
    memory.abort(cause);
    drop();
    LockSupport.unpark(thread);
    cut();
  }

  @Override
  public int write(ByteBuffer src) throws IOException {
    start();
    return memory.sink().write(src);
  }

  @Override
  public boolean give(ByteBuffer immutable, @Nullable Runnable released) throws IOException {
    start();
    return memory.sink().give(immutable, released);
  }

  @Override
  public void end() throws IOException {
    memory.sink().end();
    ended = true;
    LockSupport.unpark(thread);
    start();
  }

  @Override
  public boolean ready() {
    return memory.sink().ready();
  }

  @Override
  public void onReady(Runnable ready) {
    memory.sink().onReady(ready);
  }

  @Override
  public long room() {
    return memory.sink().room();
  }

  @Override
  public long pending() {
    return memory.sink().pending();
  }

  @Override
  public long unsent() {
    return memory.sink().pending();
  }

  @Override
  public long dropped() {
    return memory.sink().dropped();
  }

  @Override
  public void close() throws IOException {
    if (ended && pending() == 0) {
      output.end();
      return;
    }
    stopped = true;
    drop();
    LockSupport.unpark(thread);
    output.cut();
  }
}
