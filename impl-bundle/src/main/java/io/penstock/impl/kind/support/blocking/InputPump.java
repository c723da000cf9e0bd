// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.support.blocking;

import io.penstock.error.BrokenPipeException;
import io.penstock.impl.buffer.MemoryPipe;
import io.penstock.impl.engine.Account;
import io.penstock.impl.engine.Counted;
import io.penstock.impl.kind.support.Daemons;
import io.penstock.impl.kind.support.Failures;
import io.penstock.impl.kind.support.LingeringSource;
import io.penstock.spi.Messages;
import io.penstock.spi.SegmentSource;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * A source driver over a descriptor whose reads wait: one daemon thread reads it into a buffer of
 * 64 KiB.
 *
 * <p>The thread begins with the first try to read, and reads on only when half of the buffer was
 * consumed: a channel that is only written to takes nothing from its input, and never is more taken
 * than one buffer beyond what was consumed.
 */
public final class InputPump implements SegmentSource, LingeringSource, Counted {
  private static final Logger LOG = Messages.log("kind");

  /**
   * Bytes that another program takes from under our thread must not hold up a caller that looks.
   */
  private static final long FIRST_NANOS = TimeUnit.SECONDS.toNanos(1);

  private static final int WINDOW = 64 * 1024;

  private final String name;
  private final String threadName;
  private final BlockingInput input;
  private final MemoryPipe memory;
  private final CountDownLatch first = new CountDownLatch(1);
  private final AtomicBoolean started = new AtomicBoolean();
  private volatile @Nullable Thread thread;
  private final boolean drops;
  private volatile @Nullable InputPump other;
  private volatile boolean closed;
  private volatile boolean dropping;

  /**
   * Makes a pump that has not begun.
   *
   * @param name of the channel, for errors
   * @param threadName of the thread
   * @param input belongs to the pump from now on
   */
  public InputPump(String name, String threadName, BlockingInput input) {
    this(name, threadName, input, false);
  }

  /**
   * Makes a pump that has not begun.
   *
   * @param name of the channel, for errors
   * @param threadName of the thread
   * @param input belongs to the pump from now on
   * @param drops whether a closed source goes on reading and drops what comes, so that the peer is
   *     neither stalled nor told; {@link #cut()} then lets go of the descriptor
   */
  public InputPump(String name, String threadName, BlockingInput input, boolean drops) {
    this(name, threadName, input, drops, WINDOW);
  }

  /**
   * Makes a pump that has not begun.
   *
   * @param name of the channel, for errors
   * @param threadName of the thread
   * @param input belongs to the pump from now on
   * @param drops as above
   * @param capacity how many bytes are read before they are asked for; 64 KiB at least
   */
  public InputPump(
      String name, String threadName, BlockingInput input, boolean drops, long capacity) {
    this.name = name;
    this.drops = drops;
    this.threadName = threadName;
    this.input = input;
    this.memory = new MemoryPipe(name, Math.max(WINDOW, capacity), false);
    memory.sink().onReady(() -> LockSupport.unpark(thread));
  }

  /** Names another pump, which begins with this one, because its peer would stall otherwise. */
  public void beside(InputPump value) {
    other = value;
  }

  @Override
  public long progress() {
    return memory.progress();
  }

  @Override
  public void trim() {
    boolean unused = memory.trim();
  }

  @Override
  public void countTo(Account account) {
    memory.countTo(account::count);
  }

  private void start() {
    if (!started.get() && started.compareAndSet(false, true)) {
      boolean there = isThere();
      try {
        Daemons.start(threadName, this::run);
      } catch (RuntimeException | Error e) {
        // The reader is told, and what waits for the descriptor's other end, too.
        memory.abort(new IOException(name + ": no thread can read it: " + e.getMessage(), e));
        release();
        first.countDown();
      }
      InputPump sibling = other;
      if (sibling != null) {
        sibling.start();
      }
      if (there) {
        awaitFirst();
      }
    }
  }

  private boolean isThere() {
    try {
      return input.waiting() > 0;
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "{0}: the system does not tell what is there", name, e);
      return false;
    }
  }

  /** The first look must see what is there, which the thread is about to read. */
  private void awaitFirst() {
    boolean interrupted = false;
    long until = System.nanoTime() + FIRST_NANOS;
    long left = FIRST_NANOS;
    while (left > 0) {
      try {
        boolean unused = first.await(left, TimeUnit.NANOSECONDS);
        break;
      } catch (InterruptedException e) {
        interrupted = true;
        left = until - System.nanoTime();
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private void run() {
    // Set here, before the first look at the room, so that no wake-up can come too early.
    thread = Thread.currentThread();
    try {
      pump();
      release();
      memory.sink().end();
    } catch (IOException e) {
      release();
      if (closed) {
        LOG.log(Level.DEBUG, "{0}: the input was closed while it was read", name, e);
      } else {
        memory.abort(new IOException(name + ": " + Failures.reason(e), e));
      }
    } catch (RuntimeException | Error e) {
      release();
      memory.abort(e);
      throw e;
    } finally {
      first.countDown();
    }
  }

  private void release() {
    try {
      input.close();
    } catch (IOException e) {
      LOG.log(Level.WARNING, "{0}: the input could not be closed", name, e);
    }
  }

  /** Returns at the end of the input. */
  private void pump() throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(WINDOW);
    while (true) {
      int room = awaitRoom();
      int n = input.read(buffer.clear().limit(room));
      if (n < 0) {
        return;
      }
      if (n == 0) {
        throw new IOException("the descriptor is in non-blocking mode, expected a blocking one");
      }
      try {
        memory.sink().write(buffer.flip());
        first.countDown();
      } catch (BrokenPipeException e) {
        if (!dropping) {
          throw e;
        }
      }
    }
  }

  private int awaitRoom() throws IOException {
    while (true) {
      if (closed) {
        throw new IOException("closed");
      }
      if (dropping) {
        return WINDOW;
      }
      long room = memory.sink().room();
      if (room >= WINDOW / 2) {
        return (int) Math.min(WINDOW, room);
      }
      LockSupport.park(this);
    }
  }

  /** What is buffered is still read, then each read throws. */
  @Override
  public void abort(Throwable cause) {
    closed = true;
    memory.abort(cause);
    release();
    LockSupport.unpark(thread);
  }

  @Override
  public int read(ByteBuffer dst) throws IOException {
    start();
    return memory.source().read(dst);
  }

  @Override
  public boolean ready() {
    start();
    return memory.source().ready();
  }

  @Override
  public void onReady(Runnable ready) {
    memory.source().onReady(ready);
  }

  @Override
  public long available() {
    return memory.source().available();
  }

  @Override
  public @Nullable ByteBuffer take(int max) {
    start();
    return memory.source().take(max);
  }

  @Override
  public @Nullable ByteBuffer lend(int max) {
    start();
    return memory.source().lend(max);
  }

  @Override
  public void unlend(int consumed) {
    memory.source().unlend(consumed);
  }

  @Override
  public void close() {
    if (!drops) {
      cut();
      return;
    }
    dropping = true;
    drop();
    start();
    LockSupport.unpark(thread);
  }

  @Override
  public void cut() {
    closed = true;
    drop();
    LockSupport.unpark(thread);
    release();
  }

  private void drop() {
    try {
      memory.source().close();
    } catch (IOException e) {
      LOG.log(Level.WARNING, "{0}: the buffer could not be closed", name, e);
    }
  }
}
