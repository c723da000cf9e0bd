// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.core;

import io.penstock.channel.Channel;
import io.penstock.error.StreamClosedException;
import io.penstock.error.StreamClosedWhileWaitingException;
import io.penstock.impl.engine.Engine;
import io.penstock.impl.engine.Faults;
import io.penstock.impl.engine.Reactor;
import io.penstock.impl.engine.Wish;
import io.penstock.spi.EndDriver;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SelectableChannel;
import java.util.Objects;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * How an end stands: its driver, which may come later, what has failed, the local close, the limit
 * of its calls, and whether a try is worth it.
 */
public abstract class DrivenEnd extends Wakeable implements Runnable {
  private static final VarHandle CLOSED;
  private static final VarHandle ARMED;

  static {
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      CLOSED = lookup.findVarHandle(DrivenEnd.class, "closed", boolean.class);
      ARMED = lookup.findVarHandle(DrivenEnd.class, "armed", boolean.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private volatile Wait setting;
  private volatile @Nullable Throwable failure;

  @SuppressWarnings("unused")
  private volatile boolean closed;

  @SuppressWarnings("unused")
  private volatile boolean armed;

  private volatile boolean absent;
  private volatile @Nullable Runnable onClose;
  private volatile @Nullable Channel channel;
  private volatile @Nullable Reactor servedBy;

  DrivenEnd(String name, Engine engine, Wait setting) {
    super(name, engine);
    this.setting = setting;
  }

  // ---- the driver

  /** Gives the end its driver, once. */
  public void attach(EndDriver value) {
    value.onReady(this);
    keep(value);
    wake();
  }

  /** What a driver calls: the end itself, because an idle one must weigh little. */
  @Override
  public final void run() {
    wakeReady();
  }

  /** Keeps the driver, by the type that calls use it by. */
  abstract void keep(EndDriver value);

  /**
   * The driver, or null while the channel is still connecting or when this direction does not
   * exist.
   */
  public abstract @Nullable EndDriver driver();

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
    Runnable task = onClose;
    if (task != null) {
      task.run();
    }
  }

  // ---- how it stands

  /** From now on every call throws this, whatever is buffered. */
  public void fail(Throwable cause) {
    if (failure == null) {
      failure = cause;
      note(cause);
    }
    wake();
  }

  public @Nullable Throwable failure() {
    return failure;
  }

  @Override
  public boolean isClosed() {
    return closed;
  }

  /** Marks the end as closed and wakes all waiters. Returns false when it was closed already. */
  public boolean markClosed() {
    if (!CLOSED.compareAndSet(this, false, true)) {
      return false;
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
      throw Faults.again(name(), cause);
    }
  }

  ClosedChannelException closedFault(boolean waited) {
    return waited
        ? new StreamClosedWhileWaitingException(name())
        : new StreamClosedException(name());
  }

  // ---- the setting

  Wait setting() {
    return setting;
  }

  void setting(Wait wait) {
    setting = Objects.requireNonNull(wait, "wait");
    wake();
  }

  // ---- readiness

  /** Has the selector watch the driver's channel, if it has one, and wake us. */
  public final void arm() {
    arm(null);
  }

  /** The same for a user that waits over and over. */
  void arm(@Nullable NextTry by) {
    EndDriver current = driver();
    if (current == null) {
      return;
    }
    SelectableChannel channel = current.selectable();
    int operations = channel == null ? 0 : current.interest();
    // A driver that wants none now, such as one above an end that is held, calls back.
    if (channel != null && operations != 0 && ARMED.compareAndSet(this, false, true)) {
      Reactor own = servedBy;
      try {
        // One caller arms at a time, so that a wish that is kept is in one list at most.
        Wish wish = by == null ? new Wish(this::fired) : by.wish();
        if (own == null) {
          engine.await(channel, operations, wish);
        } else {
          own.await(channel, operations, wish);
        }
      } catch (RuntimeException | Error e) {
        // Such as no thread for the selector: the next waiter tries again.
        armed = false;
        throw e;
      }
    }
  }

  /**
   * The same for a try. Once the selector has spoken only the turn may be missing, and its holder
   * wakes the waiters when it passes it on: to ask the selector again would be in vain, over and
   * over.
   */
  final void armForTry() {
    armForTry(null);
  }

  final void armForTry(@Nullable NextTry by) {
    if (!tookSelection() || !busy()) {
      arm(by);
    }
  }

  /** The selector that was armed has found the channel ready. */
  final void fired() {
    armed = false;
    selected();
    wakeReady();
  }

  /**
   * Lets another reactor than the usual one, or with null the usual one, wake the waiters from now
   * on.
   */
  public void servedBy(@Nullable Reactor value) {
    servedBy = value;
  }

  /** Whether another reactor than the usual one wakes the waiters. */
  final boolean servedApart() {
    return servedBy != null;
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
    EndDriver current = driver();
    return current == null || current.selectable() == null ? 0 : current.interest();
  }

  /** Whether only a try says if there is something, so that looking is of no use. */
  public boolean onlySystemKnows() {
    EndDriver current = driver();
    return current != null && current.selectable() != null;
  }

  /**
   * Whether another caller has the turn, which may be why a try came back with "nothing now". The
   * holder wakes the waiters when the turn is free.
   */
  public abstract boolean busy();

  /**
   * Whether a try is worth it as far as can be told without asking the operating system: it would
   * move bytes, meet the end, or fail.
   */
  public abstract boolean likely();

  /**
   * Runs a task once, as soon as a try is worth it, on the thread that finds out: it must be quick.
   */
  public void whenReady(Runnable task) {
    nextTry(task).ask();
  }

  /** The same for a task that is to run over and over, each time that it is asked for. */
  public NextTry nextTry(Runnable task) {
    return new NextTry(this, this::worthTrying, task);
  }

  /**
   * Ready is not enough while another caller has the turn: a try would come back with nothing at
   * once, and again.
   */
  private boolean worthTrying() {
    return (likely() || tookSelection()) && !busy();
  }

  void whenReady(BooleanSupplier ready, Runnable task) {
    new NextTry(this, ready, task).ask();
  }

  /** Whether the selector said that the channel is ready and no call has tried since. */
  abstract boolean tookSelection();

  /** How many bytes a try would move, as far as the driver knows. */
  abstract long amount();

  @Override
  public String toString() {
    return name() + (closed ? " (closed)" : "");
  }
}
