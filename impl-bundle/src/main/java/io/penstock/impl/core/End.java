// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.core;

import io.penstock.channel.Channel;
import io.penstock.error.StreamClosedException;
import io.penstock.error.StreamClosedWhileWaitingException;
import io.penstock.error.StreamTimeoutException;
import io.penstock.spi.EndDriver;
import io.penstock.stream.Signal;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SelectableChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * What a source, a sink and a listener have in common: a driver that may come later, turns,
 * waiters, a limit that may change, and a local close.
 *
 * <p>How nobody misses a wake-up: a waiter is added first and only then looks at {@link #likely()},
 * which is a level; a driver changes its level first and then calls {@link #wake()}.
 */
public abstract class End {
  private static final Waiter[] NOBODY = {};

  final Engine engine;
  final Turn turn = new Turn();

  private final String name;
  private final ReentrantLock lock = new ReentrantLock();
  // Copied on write: waking must not hold the lock, and there are seldom more than two.
  private volatile Waiter[] waiters = NOBODY;
  private volatile Wait setting;
  private volatile @Nullable EndDriver driver;
  private volatile @Nullable Throwable failure;
  private volatile boolean closed;
  private volatile long spinNanos;
  private volatile boolean absent;
  private volatile boolean met;
  private volatile Runnable onClose = () -> {};
  private volatile @Nullable Channel channel;
  private final AtomicBoolean armed = new AtomicBoolean();
  private final Level closing = new Level(this, this::isClosed);

  End(String name, Engine engine, Wait setting) {
    this.name = name;
    this.engine = engine;
    this.setting = setting;
  }

  /** The label for errors and logs. */
  public String name() {
    return name;
  }

  // ---- the driver

  /** Gives the end its driver, once. */
  public void attach(EndDriver value) {
    value.onReady(this::wake);
    driver = value;
    wake();
  }

  /**
   * The driver, or null while the channel is still connecting or when this direction does not
   * exist.
   */
  public @Nullable EndDriver driver() {
    return driver;
  }

  /** Says that the channel does not have this direction. */
  public void attachNothing() {
    absent = true;
    wake();
  }

  boolean absent() {
    return absent;
  }

  /** Runs a task after a local close. */
  public void onClose(Runnable task) {
    onClose = task;
  }

  /** Names the channel that this is an end of. */
  public void partOf(Channel value) {
    channel = value;
  }

  /** The channel that this is an end of, if it is one of a channel's. */
  public @Nullable Channel channel() {
    return channel;
  }

  void closedNow() {
    onClose.run();
  }

  /**
   * Runs a task once when a call here has met the end of the stream or a failure of the transport,
   * on the thread that met it: it must be quick.
   */
  public void whenMet(Runnable task) {
    AtomicBoolean once = new AtomicBoolean();
    Waiter[] self = new Waiter[1];
    self[0] =
        () -> {
          if (met && once.compareAndSet(false, true)) {
            removeWaiter(self[0]);
            task.run();
          }
        };
    addWaiter(self[0]);
    self[0].wake();
  }

  /** A call has met the end of the stream or a failure of the transport. */
  void met() {
    if (!met) {
      met = true;
      wake();
    }
  }

  /** From now on every call throws this, whatever is buffered. */
  public void fail(Throwable cause) {
    if (failure == null) {
      failure = cause;
    }
    wake();
  }

  public @Nullable Throwable failure() {
    return failure;
  }

  public boolean isClosed() {
    return closed;
  }

  /** Marks the end as closed and wakes everybody. Returns false when it was closed already. */
  public boolean markClosed() {
    lock.lock();
    try {
      if (closed) {
        return false;
      }
      closed = true;
    } finally {
      lock.unlock();
    }
    wake();
    return true;
  }

  /** Throws if the end was closed here or has failed as a whole. */
  void check(boolean waited) throws IOException {
    if (closed) {
      throw closedFault(waited);
    }
    Throwable cause = failure;
    if (cause != null) {
      throw Faults.again(name, cause);
    }
  }

  ClosedChannelException closedFault(boolean waited) {
    return waited ? new StreamClosedWhileWaitingException(name) : new StreamClosedException(name);
  }

  /** The signal of the local close. */
  public Signal closing() {
    return closing;
  }

  // ---- the setting

  Wait setting() {
    return setting;
  }

  void setting(Wait wait) {
    setting = Objects.requireNonNull(wait, "wait");
    wake();
  }

  /** Lets calls try again for so long before their thread is parked. */
  public void spin(long nanos) {
    spinNanos = nanos;
  }

  Limit limit(@Nullable Wait own) {
    return new Limit(own, this::setting, engine.parker());
  }

  // ---- waiters

  /**
   * Adds somebody to be woken at each change. Afterwards look at the state, then {@link #arm()}.
   */
  public void addWaiter(Waiter waiter) {
    lock.lock();
    try {
      Waiter[] old = waiters;
      Waiter[] more = new Waiter[old.length + 1];
      System.arraycopy(old, 0, more, 0, old.length);
      more[old.length] = waiter;
      waiters = more;
    } finally {
      lock.unlock();
    }
  }

  /** Removes a waiter; it may be woken once more by a change that is under way. */
  public void removeWaiter(Waiter waiter) {
    lock.lock();
    try {
      Waiter[] old = waiters;
      List<Waiter> rest = new ArrayList<>(old.length);
      boolean found = false;
      for (Waiter w : old) {
        if (w == waiter && !found) {
          found = true;
        } else {
          rest.add(w);
        }
      }
      waiters = rest.isEmpty() ? NOBODY : rest.toArray(NOBODY);
    } finally {
      lock.unlock();
    }
  }

  /** Tells every waiter that something has changed. */
  public void wake() {
    for (Waiter waiter : waiters) {
      waiter.wake();
    }
  }

  /** Tells watchers that a try has just found the level clear, so that the next change is one. */
  void cleared(Level level) {
    for (Waiter waiter : waiters) {
      if (waiter instanceof Level.Cleared watcher) {
        watcher.cleared(level);
      }
    }
  }

  /** Whether anybody watches a signal of this end, so that a level that falls must be noticed. */
  boolean watched() {
    for (Waiter waiter : waiters) {
      if (waiter instanceof Level.Cleared) {
        return true;
      }
    }
    return false;
  }

  /** Has the selector watch the driver's channel, if it has one, and wake us. */
  public void arm() {
    EndDriver current = driver;
    if (current == null) {
      return;
    }
    SelectableChannel channel = current.selectable();
    if (channel != null && armed.compareAndSet(false, true)) {
      engine.await(
          channel,
          current.interest(),
          () -> {
            armed.set(false);
            selected();
            wake();
          });
    }
  }

  /** A selector has found the channel ready. */
  public void selected() {}

  /**
   * What a selector of the caller's own should watch the driver's channel for, after a try came
   * back with "nothing now".
   *
   * @return the operations; 0 when only a waiter will be told
   */
  public int interest() {
    EndDriver current = driver;
    return current == null || current.selectable() == null ? 0 : current.interest();
  }

  /**
   * Whether somebody else has the turn, which may be why a try came back with "nothing now".
   * Whoever has it wakes the waiters when it is free.
   */
  public boolean busy() {
    return turn.held();
  }

  /**
   * Whether a try is worth it as far as can be told without asking the operating system: it would
   * move bytes, meet the end, or fail.
   */
  public abstract boolean likely();

  /**
   * Runs a task once, as soon as a try is worth it, on the thread that finds out: it must be quick.
   */
  public void whenReady(Runnable task) {
    // Ready is not enough while somebody else has the turn: a try would come back with nothing at
    // once, and again.
    whenReady(() -> (likely() || tookSelection()) && !busy(), task);
  }

  void whenReady(BooleanSupplier ready, Runnable task) {
    AtomicBoolean once = new AtomicBoolean();
    Waiter[] self = new Waiter[1];
    self[0] =
        () -> {
          if (!ready.getAsBoolean()) {
            arm();
          } else if (once.compareAndSet(false, true)) {
            removeWaiter(self[0]);
            task.run();
          }
        };
    addWaiter(self[0]);
    self[0].wake();
  }

  /** Whether the selector said that the channel is ready and nobody has tried since. */
  abstract boolean tookSelection();

  // ---- waiting

  private final class Parked implements Waiter {
    private final Thread thread = Thread.currentThread();
    private volatile boolean woken;

    @Override
    public void wake() {
      woken = true;
      engine.parker().unpark(thread);
    }
  }

  /**
   * Waits for the turn.
   *
   * @return false when told not to wait and it is somebody else's
   */
  boolean enter(Limit limit) throws IOException {
    if (turn.tryEnter()) {
      return true;
    }
    if (limit.none()) {
      return false;
    }
    limit.waited();
    Parked parked = new Parked();
    Turn.Place place = turn.enter(parked);
    addWaiter(parked);
    boolean mine = false;
    try {
      while (!place.granted()) {
        check(true);
        checkWaiter();
        if (limit.none()) {
          return false;
        }
        pause(limit, parked);
      }
      mine = true;
      return true;
    } finally {
      removeWaiter(parked);
      if (!mine && !turn.leave(place)) {
        exit();
      }
    }
  }

  /** A subclass's reason why nobody may go on waiting for a turn. */
  void checkWaiter() throws IOException {}

  /** Passes the turn on. */
  void exit() {
    if (turn.exit()) {
      wake();
    }
  }

  /**
   * Waits for something to change, with the turn or without.
   *
   * @return true to try again, false when told not to wait
   */
  boolean await(Limit limit, long moved, BooleanSupplier ready) throws IOException {
    if (limit.none()) {
      return false;
    }
    checkLimit(limit, moved);
    limit.waited();
    Parked parked = new Parked();
    addWaiter(parked);
    try {
      if (ready.getAsBoolean()) {
        return true;
      }
      arm();
      spin(parked);
      while (!parked.woken && !limit.none() && limit.left() > 0 && !interrupted()) {
        park(limit.left());
      }
      return true;
    } finally {
      removeWaiter(parked);
    }
  }

  private void spin(Parked parked) {
    long budget = spinNanos;
    if (budget > 0) {
      long end = engine.parker().nanoTime() + budget;
      while (!parked.woken && engine.parker().nanoTime() - end < 0) {
        Thread.onSpinWait();
      }
    }
  }

  private void pause(Limit limit, Parked parked) throws IOException {
    checkLimit(limit, 0);
    if (!parked.woken) {
      park(limit.left());
    }
    parked.woken = false;
  }

  private void park(long nanos) {
    if (nanos == Long.MAX_VALUE) {
      engine.parker().park(this);
    } else if (nanos > 0) {
      engine.parker().parkNanos(this, nanos);
    }
  }

  private static boolean interrupted() {
    return Thread.currentThread().isInterrupted();
  }

  private void checkLimit(Limit limit, long moved) throws IOException {
    if (interrupted()) {
      InterruptedIOException interrupt =
          new InterruptedIOException(name + ": interrupted while waiting");
      interrupt.bytesTransferred = (int) Math.min(moved, Integer.MAX_VALUE);
      throw interrupt;
    }
    if (limit.left() <= 0) {
      throw new StreamTimeoutException(name, "timed out, the limit was " + limit, moved);
    }
  }

  @Override
  public String toString() {
    return name + (closed ? " (closed)" : "");
  }
}
