// SPDX-License-Identifier: Apache-2.0
package io.penstock.itests.storm;

import io.penstock.error.StreamFault;
import io.penstock.itests.storm.Faults.Kind;
import io.penstock.stream.ByteSink;
import io.penstock.stream.ByteSource;
import io.penstock.stream.Wait;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;

/**
 * One stream after the other over one kind of transport. A thread writes, another one reads what
 * comes back and checks each byte. Safe for use by several threads.
 */
final class Lane {
  /** How long anything may take before it counts as a hang. */
  static final Duration PATIENCE =
      Duration.ofSeconds(Integer.getInteger("penstock.storm.patience", 30));

  private static final Wait LIMIT = Wait.upTo(PATIENCE);
  private static final AtomicLong STREAMS = new AtomicLong();
  private static final int LARGEST = 12 * 1024;
  private static final long PACE_MILLIS = 3;
  private static final long RETRY_MILLIS = 10;

  /** What a stream goes over: what is written to the sink comes back from the source. */
  record Line(ByteSink sink, ByteSource source, Closeable both) {}

  /** Connects. */
  @FunctionalInterface
  interface Dialer {
    /**
     * Connects.
     *
     * @return null while what it needs is not there
     */
    Line dial() throws IOException;
  }

  private final String name;
  private final Set<String> needs;
  private final Dialer dialer;
  private final Faults faults;
  private final Thread thread;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  private Line line;
  private long serial;
  private long moved;
  private long whole;
  private long cut;
  private boolean endAsked;
  private boolean disturbed = true;
  private boolean suspended;
  private boolean over;

  Lane(String name, Set<String> needs, Dialer dialer, Faults faults) {
    this.name = name;
    this.needs = needs;
    this.dialer = dialer;
    this.faults = faults;
    thread = new Thread(this::run, "storm-" + name);
    thread.setDaemon(true);
  }

  void start() {
    thread.start();
  }

  String name() {
    return name;
  }

  /** What takes the lane with it when it goes. */
  Set<String> needs() {
    return needs;
  }

  /** Says whether a stream may be cut from now on. */
  void disturbed(boolean may) {
    change(() -> disturbed = may);
  }

  /**
   * Has the stream end, and the next one begin, as they should.
   *
   * @return the number of the stream that was asked; none that comes later is
   */
  long askEnd() {
    lock.lock();
    try {
      endAsked = true;
      changed.signalAll();
      return serial;
    } finally {
      lock.unlock();
    }
  }

  /** Ends the stream, and begins no other until the lane is resumed. */
  void suspend() {
    change(
        () -> {
          suspended = true;
          endAsked = true;
        });
  }

  void resume() {
    change(() -> suspended = false);
  }

  long serial() {
    lock.lock();
    try {
      return serial;
    } finally {
      lock.unlock();
    }
  }

  long whole() {
    lock.lock();
    try {
      return whole;
    } finally {
      lock.unlock();
    }
  }

  long cut() {
    lock.lock();
    try {
      return cut;
    } finally {
      lock.unlock();
    }
  }

  /** Waits until the stream of that number has moved further bytes. */
  void awaitOn(long number) {
    long[] from = {-1};
    await(
        "to go on",
        () -> {
          if (from[0] < 0) {
            from[0] = moved;
          }
          return line != null && serial == number && moved > from[0];
        });
  }

  /** Waits until a later stream than that has moved bytes. */
  void awaitLater(long number) {
    await("to begin again", () -> line != null && serial > number && moved > 0);
  }

  /** Waits until no stream is under way. */
  void awaitIdle() {
    await("to end", () -> line == null);
  }

  /** Cuts what it has from the side, as a fault would: for a test of the storm. */
  void plantCut() throws IOException {
    Line now;
    lock.lock();
    try {
      now = line;
    } finally {
      lock.unlock();
    }
    if (now != null) {
      now.both().close();
    }
  }

  void close() throws InterruptedException {
    change(
        () -> {
          over = true;
          endAsked = true;
        });
    thread.join(PATIENCE.toMillis());
    if (thread.isAlive()) {
      faults.report(Kind.HANG, name + " does not end", null);
    }
  }

  private void change(Runnable change) {
    lock.lock();
    try {
      change.run();
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private void await(String what, BooleanSupplier condition) {
    long end = System.nanoTime() + PATIENCE.toNanos();
    lock.lock();
    try {
      while (!condition.getAsBoolean()) {
        faults.check();
        if (System.nanoTime() > end) {
          faults.report(
              Kind.HANG,
              name + " was to " + what.substring(3) + "; stream " + serial + ", moved " + moved,
              null);
        }
        changed.await(100, TimeUnit.MILLISECONDS);
      }
    } catch (InterruptedException interrupt) {
      Thread.currentThread().interrupt();
      throw new Faults.Found(Kind.STORM, "interrupted", interrupt);
    } finally {
      lock.unlock();
    }
  }

  private void run() {
    try {
      while (mayGoOn()) {
        Line next = dial();
        if (next == null) {
          pause(RETRY_MILLIS);
        } else {
          stream(next);
        }
      }
    } catch (InterruptedException interrupt) {
      faults.report(Kind.STORM, name + " was interrupted", interrupt);
    } catch (RuntimeException | Error problem) {
      faults.report(Kind.UNTYPED, name + ": " + problem, problem);
    }
  }

  private boolean mayGoOn() throws InterruptedException {
    lock.lock();
    try {
      while (suspended && !over) {
        changed.await();
      }
      return !over;
    } finally {
      lock.unlock();
    }
  }

  private void pause(long millis) throws InterruptedException {
    long left = TimeUnit.MILLISECONDS.toNanos(millis);
    lock.lock();
    try {
      while (left > 0 && !over) {
        left = changed.awaitNanos(left);
      }
    } finally {
      lock.unlock();
    }
  }

  private Line dial() {
    try {
      return dialer.dial();
    } catch (IOException problem) {
      failed("could not connect", problem);
      return null;
    }
  }

  private void stream(Line next) throws InterruptedException {
    long number = STREAMS.incrementAndGet();
    change(
        () -> {
          line = next;
          serial = number;
          moved = 0;
          endAsked = suspended || over;
        });
    Writer writer = new Writer(next, number);
    Thread writing = new Thread(writer, thread.getName() + "-writes");
    writing.setDaemon(true);
    writing.start();
    boolean good = false;
    try {
      good = read(next, number, writer);
    } catch (IOException problem) {
      failed("was cut while it read", problem);
    }
    writer.stop = true;
    closeQuietly(next);
    writing.join(PATIENCE.toMillis());
    if (writing.isAlive()) {
      faults.report(Kind.HANG, name + ": its writer does not end", null);
    }
    boolean wholly = good;
    change(
        () -> {
          line = null;
          if (wholly) {
            whole++;
          } else {
            cut++;
          }
        });
  }

  /** Reads to the end, and says whether it was the end of all that was written. */
  private boolean read(Line from, long number, Writer writer) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(LARGEST);
    long done = 0;
    while (from.source().read(buffer.clear(), LIMIT) >= 0) {
      buffer.flip();
      long wrong = Bytes.wrong(number, done, buffer);
      if (wrong >= 0 || done + buffer.remaining() > writer.begun) {
        faults.report(Kind.BYTES, name + ": byte " + wrong + " of a stream is wrong", null);
      }
      done += buffer.remaining();
      long now = done;
      change(() -> moved = now);
    }
    if (writer.ended && done == writer.begun) {
      return true;
    }
    if (!mayBeCut()) {
      faults.report(
          Kind.DROPPED,
          name + " ended after " + done + " of " + writer.begun + " bytes, ended " + writer.ended,
          null);
    }
    return false;
  }

  private void closeQuietly(Line old) {
    try {
      old.both().close();
    } catch (IOException problem) {
      // What is closed while its peer takes nothing may tell of a limit.
      if (!StreamFault.isTimedOut(problem)) {
        typed("could not be closed", problem);
      }
    }
  }

  private boolean mayBeCut() {
    lock.lock();
    try {
      return disturbed;
    } finally {
      lock.unlock();
    }
  }

  private void failed(String what, IOException problem) {
    typed(what, problem);
    if (!mayBeCut()) {
      faults.report(Kind.DROPPED, name + " " + what + ": " + problem, problem);
    }
  }

  private void typed(String what, IOException problem) {
    if (StreamFault.isTimedOut(problem)) {
      faults.report(Kind.HANG, name + " " + what + ": " + problem, problem);
    } else if (!(problem instanceof StreamFault)) {
      faults.report(Kind.UNTYPED, name + " " + what + ": " + problem, problem);
    }
  }

  /** Writes one stream until it is asked to end it. */
  private final class Writer implements Runnable {
    private final Line to;
    private final long number;
    private volatile long begun;
    private volatile boolean ended;
    private volatile boolean stop;

    Writer(Line to, long number) {
      this.to = to;
      this.number = number;
    }

    @Override
    public void run() {
      try {
        write();
      } catch (IOException problem) {
        if (!stop) {
          failed("was cut while it wrote", problem);
          closeQuietly(to);
        }
      } catch (InterruptedException interrupt) {
        faults.report(Kind.STORM, name + " was interrupted", interrupt);
      } catch (RuntimeException | Error problem) {
        faults.report(Kind.UNTYPED, name + ": " + problem, problem);
      }
    }

    private void write() throws IOException, InterruptedException {
      SplittableRandom random = new SplittableRandom(number);
      while (!stop && (begun == 0 || !asked())) {
        int count = 1 + random.nextInt(LARGEST);
        long from = begun;
        // The reader may have it before the call returns.
        begun = from + count;
        to.sink().writeFully(Bytes.at(number, from, count), LIMIT);
        pause(PACE_MILLIS);
      }
      if (!stop) {
        ended = true;
        to.sink().end();
      }
    }

    private boolean asked() {
      lock.lock();
      try {
        return endAsked;
      } finally {
        lock.unlock();
      }
    }
  }
}
