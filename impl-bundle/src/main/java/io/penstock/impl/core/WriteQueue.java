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
final class WriteQueue {
  /** Buffers that were queued by one call. */
  static final class Part {
    private final ByteBuffer[] buffers;
    private final CompletableFuture<Void> done = new CompletableFuture<>();
    private final @Nullable Runnable released;

    /** What goes with the first bytes. */
    private final @Nullable Cargo cargo;

    private boolean begun;
    private int index;

    Part(ByteBuffer[] buffers, @Nullable Runnable released) {
      this(buffers, released, null);
    }

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
  private volatile boolean pumping;
  private boolean attempting;
  private boolean cancelling;
  private boolean ended;

  WriteQueue(Executor completions) {
    this.completions = completions;
  }

  /** Completes when the end has gone out. */
  CompletableFuture<Void> endDone() {
    return endDone;
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

  /** Runs a completion, in order, on a worker. */
  void complete(Runnable completion) {
    completions.execute(completion);
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
      parts.add(part);
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
   * One try for a part. A {@link #cancel} that comes meanwhile leaves the cancelling to whoever
   * tries, and who knows then whether the part has begun.
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

  /** Takes a part out and completes it. */
  void finish(Part part, @Nullable Throwable cause) {
    lock.lock();
    try {
      if (!parts.remove(part)) {
        return;
      }
      long left = part.left();
      queued.addAndGet(-left);
      lost.addAndGet(left);
    } finally {
      lock.unlock();
    }
    part.letGo();
    complete(
        () -> {
          if (part.released != null) {
            part.released.run();
          }
          if (cause == null) {
            part.done.complete(null);
          } else {
            part.done.completeExceptionally(cause);
          }
        });
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
