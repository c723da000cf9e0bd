// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.client;

import io.penstock.error.RequestRejectedException;
import io.penstock.ssh.Pty;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Semaphore;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.apache.sshd.common.util.buffer.Buffer;
import org.jspecify.annotations.Nullable;

/**
 * Messages to a running program that have no answer. No window bounds them. So only one terminal
 * size is on its way at a time, followed by the newest, and there is a limit for signals. Even if a
 * server does not read and a user resizes without end, memory stays bounded.
 */
final class ToProgram {
  /** How many signals may be on their way at once. */
  static final int MAX_SIGNALS = 16;

  /** How a request leaves. */
  interface Way {
    /**
     * Sends a request that is not answered.
     *
     * @return completes when the system has taken it
     */
    CompletableFuture<Void> tell(String type, Consumer<Buffer> body);
  }

  private final String name;
  private final Way way;
  private final Semaphore signals = new Semaphore(MAX_SIGNALS);

  private final ReentrantLock lock = new ReentrantLock();
  // All guarded by the lock.
  private Pty size = Pty.defaults();
  private boolean sizeLeaves;
  private @Nullable Pty newest;

  /**
   * Messages to the program of one session.
   *
   * @param name for errors
   * @param way to its program
   */
  ToProgram(String name, Way way) {
    this.name = name;
    this.way = way;
  }

  /**
   * Sends a signal.
   *
   * @return fails if it cannot be sent, with the rejected type when too many have not left yet
   */
  CompletableFuture<Void> signal(String signal) {
    if (!signals.tryAcquire()) {
      return CompletableFuture.failedFuture(
          new RequestRejectedException(
              name,
              "signal is refused here: " + MAX_SIGNALS + " of them are on their way already",
              0));
    }
    CompletableFuture<Void> sent = way.tell("signal", body -> body.putString(signal));
    CompletionStage<Void> unused = sent.whenComplete((done, failure) -> signals.release());
    return sent;
  }

  /**
   * Sends a size, at once or when the one before it has left.
   *
   * @param change of the size that was granted, or sent last
   * @return fails if it cannot be sent
   */
  CompletableFuture<Void> resize(UnaryOperator<Pty> change) {
    Pty pty;
    lock.lock();
    try {
      pty = change.apply(size);
      size = pty;
      if (sizeLeaves) {
        newest = pty;
        return CompletableFuture.completedFuture(null);
      }
      sizeLeaves = true;
    } finally {
      lock.unlock();
    }
    return send(pty);
  }

  /** The server has granted a terminal of this size. */
  void granted(Pty pty) {
    lock.lock();
    try {
      size = pty;
    } finally {
      lock.unlock();
    }
  }

  /** The size that was granted, or sent last. */
  Pty size() {
    lock.lock();
    try {
      return size;
    } finally {
      lock.unlock();
    }
  }

  private CompletableFuture<Void> send(Pty pty) {
    CompletableFuture<Void> sent = way.tell("window-change", body -> putSize(body, pty));
    CompletionStage<Void> unused = sent.whenComplete((done, failure) -> sizeLeft());
    return sent;
  }

  private void sizeLeft() {
    Pty next;
    lock.lock();
    try {
      next = newest;
      newest = null;
      sizeLeaves = next != null;
    } finally {
      lock.unlock();
    }
    if (next != null) {
      CompletableFuture<Void> unused = send(next);
    }
  }

  /** Puts a size into a message, in the form that all requests with a size have. */
  static void putSize(Buffer body, Pty pty) {
    body.putUInt(pty.columns());
    body.putUInt(pty.rows());
    body.putUInt(pty.widthPixels());
    body.putUInt(pty.heightPixels());
  }
}
