// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.core;

import io.penstock.impl.posix.Cargo;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The asynchronous parts in front of a sink, and the completions of its end and its close. A sink
 * makes it when one of these is first asked for, because most idle ends never need it.
 */
class WriteQueue {
  /** Buffers that were queued by one call. */
  static final class Part {
    private final ByteBuffer[] buffers;
    private final CompletableFuture<Void> done = new CompletableFuture<>();
    private final @Nullable Runnable released;

    /** What goes with the first bytes. */
    private final @Nullable Cargo cargo;

    private boolean begun;
    private int index;
    // Guarded by the queue's lock.
    private boolean over;
    private @Nullable Throwable cause;

    Part(ByteBuffer[] buffers, @Nullable Runnable released, @Nullable Cargo cargo) {
      this.buffers = buffers;
      this.released = released;
      this.cargo = cargo;
    }

    /** What still has to go with the next bytes; null for nothing. */
    @Nullable Cargo cargo() {
      return cargo == null || cargo.isSent() ? null : cargo;
    }

    /** Lets go of what goes with it. */
    void letGo() {
      if (cargo != null) {
        cargo.close();
      }
    }

    CompletableFuture<Void> done() {
      return done;
    }

    /** The next buffer with something in it; null when all is written. */
    @Nullable ByteBuffer current() {
      while (index < buffers.length && !buffers[index].hasRemaining()) {
        index++;
      }
      return index < buffers.length ? buffers[index] : null;
    }

    private void tell() {
      if (released != null) {
        released.run();
      }
      if (cause == null) {
        done.complete(null);
      } else {
        done.completeExceptionally(cause);
      }
    }

    private long left() {
      long left = 0;
      for (ByteBuffer buffer : buffers) {
        left += buffer.remaining();
      }
      return left;
    }
  }

  /** One try of the transport. */
  interface Attempt {
    int run() throws IOException;
  }

  private final ReentrantLock lock = new ReentrantLock();
  private final ArrayDeque<Part> parts = new ArrayDeque<>(2);
  private final AtomicLong queued = new AtomicLong();
  private final AtomicLong lost = new AtomicLong();
  private final CompletableFuture<Void> endDone = new CompletableFuture<>();
  private final CompletableFuture<Void> settled = new CompletableFuture<>();
  private final Executor completions;
  private final @Nullable Leading leading;
  private volatile boolean pumping;
  // Guarded by the lock: parts that were not reported yet, in the order of the calls, and the
  // reports that are due now, in order.
  private final ArrayDeque<Part> untold = new ArrayDeque<>(2);
  private final ArrayDeque<Runnable> outbox = new ArrayDeque<>(2);
  private @Nullable Runnable endTold;
  private volatile @Nullable Thread teller;
  private boolean endOver;
  private boolean attempting;
  private boolean cancelling;
  private boolean ended;
  // Whether somebody has the completion of the end; if nobody had when it was over, how it was.
  private boolean endAwaited;
  private boolean endUntold;
  private @Nullable Throwable endCause;
  // Whether a request came in the instant before the leading report was made.
  private boolean held;

  /**
   * An empty queue.
   *
   * @param completions runs what is told
   * @param leading goes first; null for nothing
   */
  WriteQueue(Executor completions, @Nullable Leading leading) {
    this.completions = completions;
    this.leading = leading;
  }

  /** Completes on a worker when the end has gone out; is complete if that is over. */
  CompletableFuture<Void> endDone() {
    lock.lock();
    try {
      endAwaited = true;
      if (!endUntold) {
        return endDone;
      }
    } finally {
      lock.unlock();
    }
    // The thread that ended it may still be on its way to complete the other one.
    Throwable cause = endCause;
    return cause == null
        ? CompletableFuture.completedFuture(null)
        : CompletableFuture.failedFuture(cause);
  }

  /** Runs a task when the end is over, perhaps on the calling thread. */
  void whenEnded(Runnable task) {
    CompletableFuture<Void> unused = endDone.whenComplete((done, failure) -> task.run());
  }

  /** Completes when the sink was closed and nothing accepted would be lost any more. */
  CompletableFuture<Void> settled() {
    return settled;
  }

  /** Bytes that wait. */
  long queued() {
    return queued.get();
  }

  /** Bytes that were cancelled or failed. */
  long lost() {
    return lost.get();
  }

  /** Whether the pump has the turn, or is about to. */
  boolean pumping() {
    return pumping;
  }

  /** Runs a completion on a worker, behind those that are due already. */
  void complete(Runnable completion) {
    lock.lock();
    try {
      holdIfEarly();
      outbox.add(completion);
    } finally {
      lock.unlock();
    }
    completions.execute(this::tellNext);
  }

  /**
   * Completes the end, behind all parts; only the first call counts. At once if nobody waits for
   * either.
   */
  void endIsOver(@Nullable Throwable cause) {
    int due;
    boolean asked;
    lock.lock();
    try {
      if (endOver) {
        return;
      }
      endOver = true;
      asked = endAwaited || !untold.isEmpty() || !outbox.isEmpty() || teller != null;
      endUntold = !asked;
      endCause = cause;
      endTold = asked ? () -> completeEnd(cause) : null;
      due = collect();
    } finally {
      lock.unlock();
    }
    if (!asked) {
      completeEnd(cause);
    }
    tell(due);
  }

  private void completeEnd(@Nullable Throwable cause) {
    if (cause == null) {
      endDone.complete(null);
    } else {
      endDone.completeExceptionally(cause);
    }
  }

  /** Whether a report may be awaited. */
  boolean owes() {
    lock.lock();
    try {
      boolean end = endTold != null || (ended && !endOver);
      // The receiver of the present report has others behind it, which go first.
      return end || teller != null || !untold.isEmpty() || !outbox.isEmpty();
    } finally {
      lock.unlock();
    }
  }

  /** Whether the calling thread is just telling something. */
  boolean tells() {
    return teller == Thread.currentThread();
  }

  /** Moves what may be told now to the outbox; returns how much that is. Has the lock. */
  private int collect() {
    int due = 0;
    Part first;
    while ((first = untold.peek()) != null && first.over) {
      untold.remove();
      outbox.add(first::tell);
      due++;
    }
    Runnable last = endTold;
    if (first == null && last != null) {
      endTold = null;
      outbox.add(last);
      due++;
    }
    return due;
  }

  private void tell(int due) {
    for (int i = 0; i < due; i++) {
      completions.execute(this::tellNext);
    }
  }

  /** Has the lock. */
  private void holdIfEarly() {
    Leading first = leading;
    held |= first != null && first.comes();
  }

  /** The leading was told: tells what has waited for that. */
  void tellOn() {
    int due;
    lock.lock();
    try {
      held = false;
      due = outbox.size();
    } finally {
      lock.unlock();
    }
    tell(due);
  }

  private void tellNext() {
    Runnable next;
    lock.lock();
    try {
      Leading first = leading;
      if (held && first != null && first.tells()) {
        // The reporting thread comes to tellOn.
        return;
      }
      next = outbox.poll();
      teller = Thread.currentThread();
    } finally {
      lock.unlock();
    }
    if (next == null) {
      teller = null;
    } else {
      try {
        next.run();
      } finally {
        teller = null;
      }
    }
  }

  /** What came of adding a part. */
  enum Added {
    /** The stream was ended before. */
    REFUSED,
    /** The pump must be started. */
    FIRST,
    /** The pump will come to it. */
    BEHIND
  }

  /** Adds a part behind the others. */
  Added add(Part part) {
    lock.lock();
    try {
      if (ended) {
        return Added.REFUSED;
      }
      holdIfEarly();
      parts.add(part);
      untold.add(part);
      queued.addAndGet(part.left());
      Added added = pumping ? Added.BEHIND : Added.FIRST;
      pumping = true;
      return added;
    } finally {
      lock.unlock();
    }
  }

  /** Adds the rest of a part that has begun; the pump has the turn from here on. */
  void addRest(Part part) {
    lock.lock();
    try {
      part.begun = true;
      parts.addFirst(part);
      untold.addFirst(part);
      queued.addAndGet(part.left());
      pumping = true;
    } finally {
      lock.unlock();
    }
  }

  /** Lets nothing more in; true the first time. */
  boolean end() {
    lock.lock();
    try {
      boolean first = !ended;
      holdIfEarly();
      ended = true;
      return first;
    } finally {
      lock.unlock();
    }
  }

  /** The part to write; without one the pump stops. */
  @Nullable Part next() {
    lock.lock();
    try {
      Part part = parts.peek();
      if (part == null) {
        pumping = false;
      }
      return part;
    } finally {
      lock.unlock();
    }
  }

  /**
   * One try for a part. A {@link #cancel} that comes meanwhile leaves the cancelling to the trying
   * thread, which then knows whether the part has begun.
   *
   * @return how many bytes were moved
   */
  int attempt(Part part, Attempt attempt, Runnable cancelNow) throws IOException {
    lock.lock();
    try {
      attempting = true;
    } finally {
      lock.unlock();
    }
    int n = 0;
    boolean cancel;
    try {
      n = attempt.run();
    } finally {
      lock.lock();
      try {
        attempting = false;
        part.begun |= n > 0;
        cancel = cancelling;
      } finally {
        lock.unlock();
      }
    }
    if (cancel) {
      cancelNow.run();
    }
    queued.addAndGet(-n);
    return n;
  }

  /** From here on parts that have not begun are cancelled; true if the caller must do that. */
  boolean cancel() {
    lock.lock();
    try {
      cancelling = true;
      return !attempting;
    } finally {
      lock.unlock();
    }
  }

  /** Whether nothing waits. */
  boolean isEmpty() {
    lock.lock();
    try {
      return parts.isEmpty();
    } finally {
      lock.unlock();
    }
  }

  /** Takes a part out and completes it, as soon as those before it are complete. */
  void finish(Part part, @Nullable Throwable cause) {
    int due;
    lock.lock();
    try {
      if (!parts.remove(part)) {
        return;
      }
      long left = part.left();
      queued.addAndGet(-left);
      lost.addAndGet(left);
      part.over = true;
      part.cause = cause;
      due = collect();
    } finally {
      lock.unlock();
    }
    part.letGo();
    tell(due);
  }

  /** Takes everything out, or what has not begun, and completes it with a cause. */
  void fail(Throwable cause, boolean begunToo) {
    List<Part> failed;
    lock.lock();
    try {
      failed = new ArrayList<>(parts);
      failed.removeIf(part -> part.begun && !begunToo);
    } finally {
      lock.unlock();
    }
    for (Part part : failed) {
      finish(part, cause);
    }
  }
}
