// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.core;

import io.penstock.error.BrokenPipeException;
import io.penstock.error.HandleLimitException;
import io.penstock.error.StreamClosedException;
import io.penstock.impl.engine.Faults;
import io.penstock.impl.engine.Waiter;
import io.penstock.impl.posix.Cargo;
import io.penstock.spi.Messages;
import io.penstock.spi.SinkDriver;
import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * The asynchronous writes of a sink: the queue, the pump that writes what is queued as the
 * transport takes it, and the end and the close that come behind it.
 */
final class AsyncWrites extends WriteQueue {
  private static final System.Logger LOG = Messages.log("core");
  private static final VarHandle ON_ATTACH;

  static {
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      ON_ATTACH = lookup.findVarHandle(AsyncWrites.class, "onAttach", Runnable.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final SinkEnd sink;
  private volatile @Nullable IOException endFailure;

  @SuppressWarnings("unused")
  private volatile @Nullable Runnable onAttach;

  /**
   * Nothing queued.
   *
   * @param leading goes first; null for nothing
   */
  AsyncWrites(SinkEnd sink, @Nullable Leading leading) {
    super(sink.engine.serial(), leading);
    this.sink = sink;
  }

  /**
   * Takes buffers, and handles that go with the first byte, behind what is queued.
   *
   * @param cargo closed when it is done; null for none
   * @return completes when all is written
   */
  CompletionStage<Void> write(@Nullable Cargo cargo, ByteBuffer... buffers) {
    ByteBuffer[] copies = new ByteBuffer[buffers.length];
    for (int i = 0; i < buffers.length; i++) {
      copies[i] = buffers[i].duplicate();
    }
    Part part = new Part(copies, null, cargo);
    Added added = Added.REFUSED;
    IOException refused = null;
    try {
      sink.checkSink(false);
      added = add(part);
      if (added == Added.REFUSED) {
        // Ended or closed since the look above.
        sink.checkSink(false);
        refused = new BrokenPipeException(sink.name(), "the stream was ended by this side", 0);
      }
    } catch (IOException e) {
      refused = e;
    }
    if (refused != null) {
      IOException cause = refused;
      part.letGo();
      complete(() -> part.done().completeExceptionally(cause));
      return part.done();
    }
    if (sink.watched()) {
      sink.clearedWritable();
    }
    if (added == Added.FIRST) {
      whenTurn(this::pump);
    }
    // The caller's own: nothing here depends on it, and a copy would wrap the failure.
    return part.done();
  }

  /**
   * Runs a task with the turn, which the task must pass on: now if the turn is free, else on a
   * worker.
   */
  private void whenTurn(Runnable task) {
    if (sink.turn().enterForTask(() -> sink.engine.execute(task)).immediate()) {
      task.run();
    }
  }

  /** Writes what is queued. Has the turn, and passes it on when there is nothing left. */
  private void pump() {
    while (true) {
      Part part = next();
      if (part == null) {
        sink.leave();
        sink.wake();
        return;
      }
      try {
        if (!tryAll(part)) {
          pumpWhenReady();
          return;
        }
        finish(part, null);
      } catch (HandleLimitException e) {
        // Nothing of it went, and nothing is broken.
        finish(part, e);
      } catch (IOException e) {
        failAll(Faults.told(sink.name(), e));
      }
    }
  }

  /** Goes on as soon as the transport takes more. Has the turn. */
  void pumpWhenReady() {
    // An empty queue means that a close has cancelled what was in it: the turn must be passed on.
    sink.whenReady(() -> sink.driverReady() || isEmpty(), () -> sink.engine.execute(this::pump));
  }

  private boolean tryAll(Part part) throws IOException {
    Throwable cause = sink.failure();
    if (cause != null) {
      throw Faults.again(sink.name(), cause);
    }
    SinkDriver current = sink.driver();
    if (current == null) {
      return false;
    }
    ByteBuffer buffer;
    while ((buffer = part.current()) != null) {
      ByteBuffer next = buffer;
      int want = next.remaining();
      Cargo cargo = part.cargo();
      int n = attempt(part, () -> DrivenSink.write(current, next, cargo), this::cancelNotBegun);
      sink.wrote(n, want);
      if (n == 0) {
        return false;
      }
      sink.wakeReady();
    }
    return true;
  }

  /** Takes everything out. */
  void failAll(Throwable cause) {
    fail(cause, true);
    sink.wake();
  }

  /** Takes out what has not begun, for a close. */
  private void cancelNotBegun() {
    fail(new CancellationException(sink.name() + ": closed before the write began"), false);
    sink.wake();
  }

  /** Ends the stream behind what is queued. */
  void beginEnd() {
    boolean first = end() && sink.failure() == null;
    sink.ended = true;
    if (first) {
      sink.wake();
      whenTurn(this::endNow);
    }
  }

  /** Has the turn. */
  private void endNow() {
    if (sink.driver() == null && !sink.absent() && sink.failure() == null) {
      // Still connecting: the end goes out when there is somewhere to.
      onAttach = this::endNow;
      if ((sink.driver() == null && sink.failure() == null)
          || ON_ATTACH.getAndSet(this, null) == null) {
        return;
      }
    }
    SinkDriver current = sink.driver();
    try {
      // What was cut off must not look whole to the peer.
      if (current != null && sink.failure() == null) {
        current.end();
        sink.engine.flushClosed(current);
      }
      endIsOver(whyCut());
    } catch (IOException e) {
      endFailure = e;
      endIsOver(e);
    } finally {
      sink.leave();
    }
  }

  /** Why the peer has not got everything that was to come before the end; null if it has. */
  private @Nullable Throwable whyCut() {
    Throwable cause = sink.failure();
    long dropped = lost();
    return cause != null || dropped == 0
        ? cause
        : new BrokenPipeException(
            sink.name(), dropped + " bytes before the end were dropped unwritten", dropped);
  }

  /** The driver is there, or will not come: what has waited for it goes on. */
  void attached() {
    Runnable task = (Runnable) ON_ATTACH.getAndSet(this, null);
    if (task != null) {
      task.run();
    }
  }

  /** Tells something after all that was asked for: what has not come by now does not come. */
  void tellLast(Runnable task) {
    if (!owes()) {
      task.run();
    } else {
      tellAfterwards(task);
    }
  }

  /** The same, on a worker. */
  void tellAfterwards(Runnable task) {
    StreamClosedException cause = new StreamClosedException(sink.name());
    fail(cause, true);
    endIsOver(cause);
    complete(task);
  }

  /** The first close: what has not begun is cancelled, and the rest goes out. */
  void close() {
    if (cancel()) {
      cancelNotBegun();
    }
    beginEnd();
    whenEnded(this::settle);
  }

  /** What the transport said to the end; null for nothing. */
  @Nullable IOException endFailure() {
    return endFailure;
  }

  /** Completes {@link WriteQueue#settled} as soon as nothing accepted would be lost. */
  private void settle() {
    SinkDriver current = sink.driver();
    Waiter[] self = new Waiter[1];
    self[0] =
        () -> {
          if (current == null
              || sink.failure() != null
              || (current.unsent() == 0 && queued() == 0)) {
            sink.removeWaiter(self[0]);
            release(current);
          }
        };
    sink.addWaiter(self[0]);
    self[0].wake();
  }

  private void release(@Nullable SinkDriver current) {
    if (current != null && !settled().isDone()) {
      try {
        current.close();
        sink.engine.flushClosed(current);
      } catch (IOException e) {
        LOG.log(System.Logger.Level.WARNING, "{0}: closing the sink failed", sink.name(), e);
      }
    }
    settled().complete(null);
  }
}
