// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.core;

import io.penstock.channel.Channel;
import io.penstock.error.StreamClosedException;
import io.penstock.error.StreamClosedWhileWaitingException;
import io.penstock.error.StreamTimeoutException;
import io.penstock.impl.buffer.Paced;
import io.penstock.impl.engine.Callers;
import io.penstock.impl.engine.Engine;
import io.penstock.impl.engine.Faults;
import io.penstock.impl.engine.Lookout;
import io.penstock.impl.engine.Lookouts;
import io.penstock.impl.engine.Reactor;
import io.penstock.impl.engine.Waiter;
import io.penstock.impl.engine.Watched;
import io.penstock.spi.EndDriver;
import io.penstock.stream.Signal;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SelectableChannel;
import java.util.Arrays;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.ObjLongConsumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The common part of a source, a sink and a listener: a driver that may come later, turns, waiters,
 * a limit that may change, and a local close.
 *
 * <p>No waiter misses a wake-up: a waiter is added first and only then looks at {@link #likely()},
 * which is a level; a driver changes its level first and then calls {@link #wake()}.
 */
public abstract class End implements Watched {
  private static final Waiter[] NOBODY = {};

  /** A selector waits in milliseconds, which is too rough for a shorter limit. */
  private static final long LOOKOUT_NANOS = 20_000_000;

  final Engine engine;

  private static final VarHandle WAITERS;
  private static final VarHandle SLEEPER;
  private static final VarHandle CLOSED;
  private static final VarHandle ARMED;
  private static final VarHandle TURN;

  static {
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      WAITERS = lookup.findVarHandle(End.class, "waiters", Waiter[].class);
      SLEEPER = lookup.findVarHandle(End.class, "sleeper", Thread.class);
      CLOSED = lookup.findVarHandle(End.class, "closed", boolean.class);
      TURN = lookup.findVarHandle(End.class, "turn", Turn.class);
      ARMED = lookup.findVarHandle(End.class, "armed", boolean.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final String name;
  // Copied on write: waking must not hold a lock, and there are seldom more than two.
  private volatile Waiter[] waiters = NOBODY;
  private volatile Wait setting;
  private volatile @Nullable EndDriver driver;
  private volatile @Nullable Throwable failure;

  @SuppressWarnings("unused")
  private volatile boolean closed;

  @SuppressWarnings("unused")
  private volatile boolean armed;

  private volatile boolean absent;
  private volatile boolean met;
  private volatile @Nullable Runnable onClose;
  private volatile @Nullable Channel channel;
  private volatile @Nullable Reactor servedBy;

  // Whether the user has declared that there is one caller at a time, which needs no turn.
  private boolean alone;
  // The single caller shares the end with the pump of asynchronous writes.
  private boolean aloneWithTurn;
  private @Nullable Supplier<Spinner> spins;
  private @Nullable Spinner spinner;
  private @Nullable Paced paced;
  private boolean handsOver;
  // Belongs to the holder of the turn.
  private @Nullable Limit mine;
  private volatile @Nullable Turn turn;
  private volatile @Nullable Thread sleeper;
  // Of the last wait. Written before the sleeper is announced, read after he was found.
  private @Nullable Lookout lookout;
  private volatile long sleepsSince;
  private long waits;

  End(String name, Engine engine, Wait setting) {
    this.name = name;
    this.engine = engine;
    this.setting = setting;
  }

  /** The label for errors and logs. */
  @Override
  public String name() {
    return name;
  }

  // ---- the driver

  /** Gives the end its driver, once. */
  public void attach(EndDriver value) {
    value.onReady(this::wake);
    paced = value instanceof Paced it ? it : null;
    keep(value);
    driver = value;
    wake();
  }

  /** Lets a subclass keep the driver by its own type, so that no call has to cast. */
  void keep(EndDriver value) {}

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

  /** What it works with. */
  public Engine engine() {
    return engine;
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

  /**
   * Runs a task once when a call here has met the end of the stream or a failure of the transport,
   * on the thread that met it: it must be quick.
   *
   * @param task is given the failure; null for the end, or where the failure came before
   */
  public void whenMet(Consumer<@Nullable IOException> task) {
    Met waiter = new Met(this, task);
    addWaiter(waiter);
    waiter.wake();
  }

  /** Waits for what a call meets, and keeps the failure, for which an end has no field. */
  private static final class Met implements Waiter {
    private final End end;
    private final Consumer<@Nullable IOException> task;
    private final AtomicBoolean told = new AtomicBoolean();
    private volatile @Nullable IOException why;

    Met(End end, Consumer<@Nullable IOException> task) {
      this.end = end;
      this.task = task;
    }

    @Override
    public void wake() {
      if (end.met && told.compareAndSet(false, true)) {
        end.removeWaiter(this);
        task.accept(why);
      }
    }
  }

  /** A call has met the end of the stream. */
  void met() {
    if (!met) {
      met = true;
      wake();
    }
  }

  /** A call has met a failure of the transport. */
  void met(IOException why) {
    for (Waiter waiter : waiters) {
      if (waiter instanceof Met each && each.why == null) {
        each.why = why;
      }
    }
    met();
  }

  final boolean isMet() {
    return met;
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
      throw Faults.again(name, cause);
    }
  }

  ClosedChannelException closedFault(boolean waited) {
    return waited ? new StreamClosedWhileWaitingException(name) : new StreamClosedException(name);
  }

  /** The signal of the local close. */
  public Signal closing() {
    return new Level(this, this::isClosed);
  }

  // ---- the setting

  Wait setting() {
    return setting;
  }

  void setting(Wait wait) {
    setting = Objects.requireNonNull(wait, "wait");
    wake();
  }

  /** Lets calls that must wait look again for a while before their thread is parked. */
  public void spin(Supplier<Spinner> value) {
    spins = value;
  }

  /** How to look again; made for the first call. Only for the holder of the turn. */
  @Nullable Spinner spinner() {
    Spinner present = spinner;
    Supplier<Spinner> maker = spins;
    if (present == null && maker != null) {
      present = maker.get();
      spinner = present;
    }
    return present;
  }

  /** Says, before the first call, that calls never overlap, so that they need no turns. */
  public void alone() {
    alone = true;
  }

  boolean isAlone() {
    return alone;
  }

  Limit limit(@Nullable Wait own) {
    return new Limit(own, this);
  }

  // ---- waiters

  /** The waiters; not to be changed. */
  final Waiter[] waiters() {
    return waiters;
  }

  /**
   * Adds a waiter that is woken at each change. Afterwards look at the state, then {@link #arm()}.
   */
  public void addWaiter(Waiter waiter) {
    Waiter[] old;
    Waiter[] more;
    do {
      old = waiters;
      more = Arrays.copyOf(old, old.length + 1);
      more[old.length] = waiter;
    } while (!WAITERS.compareAndSet(this, old, more));
    // As in announce.
    VarHandle.fullFence();
  }

  /** Removes a waiter; it may be woken once more by a change that is under way. */
  public void removeWaiter(Waiter waiter) {
    Waiter[] old;
    Waiter[] rest;
    do {
      old = waiters;
      int at = 0;
      while (at < old.length && old[at] != waiter) {
        at++;
      }
      if (at == old.length) {
        return;
      }
      rest = old.length == 1 ? NOBODY : Arrays.copyOf(old, old.length - 1);
      if (old.length > 1) {
        System.arraycopy(old, at + 1, rest, at, old.length - at - 1);
      }
    } while (!WAITERS.compareAndSet(this, old, rest));
  }

  /** Tells every waiter that something has changed. */
  public void wake() {
    Thread sleeping = sleeper;
    if (sleeping != null) {
      rouse(sleeping);
    }
    for (Waiter waiter : waiters) {
      waiter.wake();
    }
  }

  /** Wakes the thread that has the turn, once for each time that it sleeps. */
  private void rouse(Thread sleeping) {
    if (SLEEPER.compareAndSet(this, sleeping, (Thread) null)) {
      Spinner looks = spinner;
      if (looks != null) {
        looks.wakes(engine.parker().nanoTime());
      }
      Lookout own = lookout;
      if (own != null && own.isOf(this)) {
        own.wakeup();
      }
      engine.parker().unpark(sleeping);
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

  /** Whether a signal of this end is watched, so that a falling level must be noticed. */
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
    if (channel != null && ARMED.compareAndSet(this, false, true)) {
      Reactor own = servedBy;
      try {
        if (own == null) {
          engine.await(channel, current.interest(), this::fired);
        } else {
          own.await(channel, current.interest(), this::fired);
        }
      } catch (RuntimeException | Error e) {
        // Such as no descriptor for the selector: the next waiter tries again.
        armed = false;
        throw e;
      }
    }
  }

  private void fired() {
    armed = false;
    selected();
    wake();
  }

  /**
   * Lets another reactor than the usual one, or with null the usual one, wake the waiters from now
   * on.
   */
  public void servedBy(@Nullable Reactor value) {
    servedBy = value;
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
   * Whether another caller has the turn, which may be why a try came back with "nothing now". The
   * holder wakes the waiters when the turn is free.
   */
  public boolean busy() {
    return turn().held();
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
    // Ready is not enough while another caller has the turn: a try would come back with nothing at
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
    try {
      self[0].wake();
    } catch (RuntimeException | Error e) {
      removeWaiter(self[0]);
      throw e;
    }
  }

  /** Whether the selector said that the channel is ready and no call has tried since. */
  abstract boolean tookSelection();

  // ---- waiting

  final class Parked implements Waiter {
    // Waits only as long as the holder of the turn does not wait.
    private final boolean hopes;
    private final Thread thread = Thread.currentThread();
    private final long since = engine.parker().nanoTime();
    private volatile boolean woken;

    Parked(boolean hopes) {
      this.hopes = hopes;
    }

    @Override
    public void wake() {
      woken = true;
      engine.parker().unpark(thread);
    }
  }

  /**
   * Begins a call: takes the turn, waiting for it if need be.
   *
   * @return the call's limit; null when told not to wait and another caller has the turn
   */
  @Nullable Limit begin(@Nullable Wait wait) throws IOException {
    return tryEnter() ? ownLimit(wait) : enter(wait);
  }

  /** The limit of the call that has the turn; there is one of them, made for the first wait. */
  Limit ownLimit(@Nullable Wait wait) {
    Limit limit = mine;
    if (limit == null) {
      limit = new Limit(wait, this);
      mine = limit;
    }
    return limit.reset(wait);
  }

  /** Whether only a try says if there is something, so that looking is of no use. */
  public boolean onlySystemKnows() {
    EndDriver current = driver;
    return current != null && current.selectable() != null;
  }

  /** Whose turn it is; made for the first call, because an idle end must weigh little. */
  Turn turn() {
    Turn present = turn;
    if (present == null) {
      TURN.compareAndSet(this, (Turn) null, paced == null ? new LightTurn() : new ApartTurn());
      present = Objects.requireNonNull(turn, "turn");
    }
    return present;
  }

  /** Takes the turn if it is free. */
  boolean tryEnter() {
    if (alone) {
      if (!shared()) {
        return true;
      }
      aloneWithTurn = turn().tryEnter();
      return aloneWithTurn;
    }
    return turn().tryEnter();
  }

  /** Whether the one declared caller has to take turns with work of our own. */
  boolean shared() {
    return false;
  }

  /** Waits for the turn; null when told not to wait. */
  @Nullable Limit enter(@Nullable Wait wait) throws IOException {
    Limit limit = new Limit(wait, this);
    boolean hopes = limit.none();
    if (hopes && !leavesSoon()) {
      refused();
      return null;
    }
    if (!hopes) {
      limit.waited();
    }
    Parked parked = new Parked(hopes);
    Turn.Place place = turn().enter(parked);
    addWaiter(parked);
    boolean got = false;
    try {
      while (!place.granted()) {
        check(!hopes);
        checkWaiter();
        if (limit.none() && (!hopes || interrupted() || !leavesSoon())) {
          refused();
          return null;
        }
        pause(limit, parked);
      }
      got = true;
      aloneWithTurn = alone;
      return limit;
    } finally {
      removeWaiter(parked);
      if (!got && !turn().leave(place)) {
        passTurn();
      }
    }
  }

  /**
   * Whether the holder of the turn will pass it on without waiting, so that a call that must not
   * wait may continue to hope for it.
   */
  boolean leavesSoon() {
    return false;
  }

  /** Whether the thread that has the turn is parked, or about to be. */
  final boolean asleep() {
    return sleeper != null;
  }

  /** The holder of the turn is about to wait: see {@link #leavesSoon}. */
  final void tellHopers() {
    for (Waiter waiter : waiters) {
      if (waiter instanceof Parked parked && parked.hopes) {
        parked.wake();
      }
    }
  }

  /**
   * A call was told "nothing now", because another caller has the turn. The holder may be a look of
   * our own that finds bytes. So watchers must take the level for clear, as the caller does.
   */
  void refused() {}

  /** A subclass's reason why no call may go on waiting for a turn. */
  void checkWaiter() throws IOException {}

  /** Whether the last call handed a buffer over instead of copying. */
  boolean handsOver() {
    return handsOver;
  }

  /** Says which kind of call this is; a store only where it changes, see {@link Turn}. */
  void handsOver(boolean value) {
    if (handsOver != value) {
      handsOver = value;
    }
  }

  /** Lets the other side run ahead, when both are busy and little is left to go on with. */
  void pace(int want, @Nullable Wait own) {
    Paced it = paced;
    if (it != null && it.cached() < want) {
      Spinner looks = spinner();
      if (looks != null
          && looks.paces()
          && (own != null ? own : setting).kind() != Wait.Kind.NONE) {
        looks.pace(this);
      }
    }
  }

  /** Ends a call. */
  void exit() {
    leaving();
    if (!alone) {
      passTurn();
    } else if (aloneWithTurn) {
      aloneWithTurn = false;
      passTurn();
    }
  }

  /** A call, or a task with the turn, is about to end: the watchers of a level may have to know. */
  void leaving() {}

  /** Passes on a turn that was taken as such, by a call or for a task. */
  void passTurn() {
    if (turn().exit()) {
      wake();
    }
  }

  /**
   * Waits for a try to be worth it. Only for a call that has begun: it alone waits in this way, so
   * that waiting needs no memory.
   *
   * @return true to try again, false when told not to wait
   */
  boolean await(Limit limit, long moved) throws IOException {
    if (limit.none()) {
      return false;
    }
    checkLimit(limit, moved);
    limit.waited();
    Spinner learns = spinner();
    Spinner looks = onlySystemKnows() ? null : learns;
    if (looks != null && looks.look(this, limit.left())) {
      return true;
    }
    lookedInVain();
    if (looks != null && looks.giveWay(this, limit.left())) {
      return true;
    }
    waits++;
    Callers.waits(name);
    sleepsSince = engine.parker().nanoTime();
    Thread self = Thread.currentThread();
    Lookout own = lookout(limit);
    announce(self);
    tellHopers();
    try {
      if (!likely()) {
        if (own == null) {
          arm();
        }
        while (sleeper == self && !limit.none() && limit.left() > 0 && !interrupted()) {
          if (own == null) {
            park(limit.left());
          } else if (own.await(limit.left())) {
            break;
          }
        }
        if (learns != null) {
          learns.woke(engine.parker().nanoTime());
        }
      }
      return true;
    } finally {
      sleeper = null;
      if (own != null) {
        own.free(engine.parker().nanoTime());
      }
    }
  }

  /** How the calling thread can wait by itself; null if it must not. */
  @Nullable Lookouts lookouts() {
    return engine.lookouts();
  }

  /** What lets this thread wait for the driver's channel itself; null if the reactor has to. */
  private @Nullable Lookout lookout(Limit limit) {
    Lookouts all = lookouts();
    EndDriver current = driver;
    if (all == null || current == null || servedBy != null || limit.left() < LOOKOUT_NANOS) {
      return null;
    }
    SelectableChannel selectable = current.selectable();
    int operations = interest();
    if (selectable == null || operations == 0) {
      return null;
    }
    Lookout got = all.take(this, lookout, selectable, operations);
    if (got != null) {
      lookout = got;
    }
    return got;
  }

  /** A call will be away for longer than a look. */
  void lookedInVain() {}

  /**
   * Publishes the thread that sleeps. It stores the thread before it looks at the state, and a
   * change of the state comes before the look at the sleeping thread. So one of the two sees the
   * other.
   */
  private void announce(Thread self) {
    SLEEPER.setVolatile(this, self);
    // The looks that follow are acquiring loads, which a volatile store alone does not hold back.
    VarHandle.fullFence();
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
    Parked parked = new Parked(false);
    addWaiter(parked);
    try {
      if (ready.getAsBoolean()) {
        return true;
      }
      Callers.waits(name);
      arm();
      while (!parked.woken && !limit.none() && limit.left() > 0 && !interrupted()) {
        park(limit.left());
      }
      return true;
    } finally {
      removeWaiter(parked);
    }
  }

  /** Waits, whatever comes, until something holds that a waker tells about. */
  void awaitQuietly(BooleanSupplier done) {
    if (done.getAsBoolean()) {
      return;
    }
    Parked parked = new Parked(false);
    boolean interrupted = false;
    addWaiter(parked);
    try {
      while (!done.getAsBoolean()) {
        parked.woken = false;
        if (!done.getAsBoolean()) {
          engine.parker().park(this);
          interrupted |= Thread.interrupted();
        }
      }
    } finally {
      removeWaiter(parked);
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** How many bytes a try would move, as far as the driver knows. */
  abstract long amount();

  /** Whether the thread is interrupted, and so must not go on waiting. */
  static boolean interrupted() {
    return Thread.currentThread().isInterrupted();
  }

  /** How often a call has parked its thread here. */
  public long waits() {
    return waits;
  }

  /** The threads that are parked here now, and since when by the parker's clock. */
  public void eachWaiting(ObjLongConsumer<Thread> each) {
    Thread sleeping = sleeper;
    if (sleeping != null) {
      each.accept(sleeping, sleepsSince);
    }
    for (Waiter waiter : waiters) {
      if (waiter instanceof Parked parked) {
        each.accept(parked.thread, parked.since);
      }
    }
  }

  private void pause(Limit limit, Parked parked) throws IOException {
    if (!parked.hopes) {
      checkLimit(limit, 0);
    }
    if (!parked.woken) {
      Callers.waits(name);
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
