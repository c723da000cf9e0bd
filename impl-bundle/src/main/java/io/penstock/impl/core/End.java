// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.core;

import io.penstock.channel.Channel;
import io.penstock.error.StreamTimeoutException;
import io.penstock.impl.buffer.Paced;
import io.penstock.impl.engine.Callers;
import io.penstock.impl.engine.Engine;
import io.penstock.impl.engine.Flight;
import io.penstock.impl.engine.Lookout;
import io.penstock.impl.engine.Lookouts;
import io.penstock.impl.engine.Waiter;
import io.penstock.runtime.PenstockEvent;
import io.penstock.spi.EndDriver;
import io.penstock.stream.Signal;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.channels.SelectableChannel;
import java.util.function.BooleanSupplier;
import java.util.function.ObjLongConsumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The common part of a source, a sink and a listener: one call at a time has the turn, and the call
 * that has it, or that waits for it, waits within its limit.
 */
public abstract class End extends TurnedEnd {
  /** A selector waits in milliseconds, which is too rough for a shorter limit. */
  private static final long LOOKOUT_NANOS = 20_000_000;

  // The single caller shares the end with the pump of asynchronous writes.
  private boolean aloneWithTurn;
  // The Spinner, or the Supplier of it until the first call.
  private @Nullable Object spinner;
  private boolean handsOver;
  private @Nullable Sleeps sleeps;

  End(String name, Engine engine, Wait setting) {
    super(name, engine, setting);
  }

  /** The signal of the local close. */
  public Signal closing() {
    return Level.here(this, this::isClosed);
  }

  /** Lets calls that must wait look again for a while before their thread is parked. */
  public void spin(Supplier<Spinner> value) {
    spinner = value;
  }

  /** How to look again; made for the first call. Only for the holder of the turn. */
  @Nullable Spinner spinner() {
    Object present = spinner;
    // In this order: Java searches to learn that a Spinner is no Supplier.
    if (present instanceof Spinner made) {
      return made;
    }
    if (present instanceof Supplier<?> maker) {
      present = maker.get();
      spinner = present;
    }
    return (Spinner) present;
  }

  Limit limit(@Nullable Wait own) {
    return new Limit(own, this);
  }

  @Override
  void rouse(Thread sleeping) {
    if (unannounce(sleeping)) {
      if (spinner instanceof Spinner looks) {
        looks.wakes(engine.parker().nanoTime());
      }
      Sleeps present = sleeps;
      Lookout own = present == null ? null : present.lookout;
      if (own != null && own.isOf(this)) {
        own.wakeup();
      }
      engine.parker().unpark(sleeping);
    }
  }

  /** Operators are told of a transport that fails, at the first of its ends that meets it. */
  @Override
  void met(IOException why) {
    Channel mine = channel();
    boolean first = mine != null && failed(mine.source()) == null && failed(mine.sink()) == null;
    super.met(why);
    if (mine != null && first && engine.events().areHeard()) {
      Object peer = mine.peer().orElse(null);
      engine
          .events()
          .tell(PenstockEvent.Type.FAILED, "channel", mine.name(), mine.endpoint(), peer, why);
    }
  }

  private static @Nullable LastFault failed(Object end) {
    return ((End) end).fault();
  }

  // ---- waiting

  private class Parked implements Waiter {
    final Thread thread = Thread.currentThread();
    final long since = engine.parker().nanoTime();
    volatile boolean woken;

    @Override
    public void wake() {
      woken = true;
      engine.parker().unpark(thread);
    }
  }

  private final class Queued extends Parked implements Turn.InLine {
    // Waits only as long as the holder of the turn does not wait.
    private final boolean hopes;

    Queued(boolean hopes) {
      this.hopes = hopes;
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
    return sleeps().limit.reset(wait);
  }

  private Sleeps sleeps() {
    Sleeps present = sleeps;
    if (present == null) {
      present = new Sleeps(this);
      sleeps = present;
    }
    return present;
  }

  /** Whether a call does not wait, which then needs no limit. */
  boolean isTry(@Nullable Wait own) {
    return (own != null ? own : setting()).kind() == Wait.Kind.NONE;
  }

  /** Takes the turn if it is free. */
  boolean tryEnter() {
    if (isAlone()) {
      if (!shared()) {
        return true;
      }
      aloneWithTurn = turn().tryEnter();
      return aloneWithTurn;
    }
    return turn().tryEnter();
  }

  /**
   * The same for a call that is over with its first byte: where there is one, or room for one, it
   * need not wait, and may overtake those that wait for their turn.
   */
  boolean tryEnterOnce() {
    return isAlone() ? tryEnter() : turn().takeFree() || overtakes() || turn().tryEnter();
  }

  private boolean overtakes() {
    if (!turn().isOpen() || onlySystemKnows() || !likely() || !turn().overtake()) {
      return false;
    }
    if (likely()) {
      return true;
    }
    // Another call was quicker, and this one would wait.
    passTurn();
    return false;
  }

  /** Whether the one declared caller has to take turns with work of our own. */
  boolean shared() {
    return false;
  }

  /** Waits for the turn; null when told not to wait. */
  @Nullable Limit enter(@Nullable Wait wait) throws IOException {
    Limit limit = new Limit(wait, this);
    boolean hopes = limit.none();
    if (hopes && (isHeld() || !leavesSoon())) {
      refused();
      return null;
    }
    if (!hopes) {
      limit.waited();
    }
    Queued parked = new Queued(hopes);
    Turn.Place place = turn().enter(parked);
    boolean got = false;
    Flight.Span span = Flight.begin(Flight.Kind.WAIT);
    try {
      while (!turn().claim(place)) {
        check(!hopes);
        checkWaiter();
        if (limit.none() && (!hopes || isHeld() || interrupted() || !leavesSoon())) {
          refused();
          return null;
        }
        if (!place.comes()) {
          pause(limit, parked);
        }
      }
      got = true;
      aloneWithTurn = isAlone();
      return limit;
    } finally {
      if (!got && !turn().leave(place)) {
        passTurn();
      }
      if (span != null) {
        span.end(name(), "its turn", 0, 0, null);
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

  /** The holder of the turn is about to wait: see {@link #leavesSoon}. */
  @Override
  final void tellHopers() {
    for (Turn.InLine caller : inLine()) {
      if (((Queued) caller).hopes) {
        caller.wake();
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

  /**
   * Lets the other side run ahead, when both are busy and little is left to go on with. With
   * nothing left, looks for a moment whether the other side is just at it.
   */
  void pace(int want, @Nullable Wait own) {
    Paced it = paced();
    if (it == null) {
      return;
    }
    long known = it.cached();
    if (known < want) {
      Spinner looks = spinner();
      if (looks != null && !isTry(own)) {
        if (known <= 0) {
          looks.glance(this);
        }
        if (looks.paces()) {
          looks.pace(this);
        }
      }
    }
  }

  /** Ends a call. */
  void exit() {
    leaving();
    if (!isAlone()) {
      passTurn();
    } else if (aloneWithTurn) {
      aloneWithTurn = false;
      passTurn();
    }
  }

  /** A call, or a task with the turn, is about to end: the watchers of a level may have to know. */
  void leaving() {}

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
    Sleeps sleep = sleeps();
    sleep.count++;
    Callers.waits(name());
    sleep.since = engine.parker().nanoTime();
    Thread self = Thread.currentThread();
    Lookout own = lookout(limit, sleep);
    Flight.Span span = Flight.begin(Flight.Kind.WAIT);
    announce(self);
    tellHopers();
    try {
      if (!likely()) {
        if (own == null) {
          arm();
        }
        while (sleeper() == self && !limit.none() && limit.left() > 0 && !interrupted()) {
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
      awake();
      if (own != null) {
        own.free(engine.parker().nanoTime());
      }
      if (span != null) {
        span.end(name(), awaited(), 0, 0, null);
      }
    }
  }

  /** What a call waits for that has the turn, in a word. */
  abstract String awaited();

  /** How the calling thread can wait by itself; null if it must not. */
  @Nullable Lookouts lookouts() {
    return engine.lookouts();
  }

  /** What lets this thread wait for the driver's channel itself; null if the reactor has to. */
  private @Nullable Lookout lookout(Limit limit, Sleeps sleep) {
    Lookouts all = lookouts();
    EndDriver current = driver();
    if (all == null || current == null || servedApart() || limit.left() < LOOKOUT_NANOS) {
      return null;
    }
    SelectableChannel selectable = current.selectable();
    int operations = interest();
    if (selectable == null || operations == 0) {
      return null;
    }
    Lookout got = all.take(this, sleep.lookout, selectable, operations);
    if (got != null) {
      sleep.lookout = got;
    }
    return got;
  }

  /** A call will be away for longer than a look. */
  void lookedInVain() {}

  /**
   * Waits for something to change, with the turn or without.
   *
   * @return true to try again, false when told not to wait
   */
  boolean await(Limit limit, long moved, BooleanSupplier ready) throws IOException {
    return await(limit, moved, ready, this::armForTry);
  }

  /**
   * The same.
   *
   * @param arm has selectors watch what may change
   */
  boolean await(Limit limit, long moved, BooleanSupplier ready, Runnable arm) throws IOException {
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
      Callers.waits(name());
      arm.run();
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
    Parked parked = new Parked();
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

  /** Whether the thread is interrupted, and so must not go on waiting. */
  static boolean interrupted() {
    return Thread.currentThread().isInterrupted();
  }

  /** How many bytes are in memory: to be read, or accepted and not sent. */
  public abstract long buffered();

  /** How often a call has parked its thread here. */
  public long waits() {
    Sleeps present = sleeps;
    return present == null ? 0 : present.count;
  }

  /** The threads that are parked here now, and since when by the parker's clock. */
  public void eachWaiting(ObjLongConsumer<Thread> each) {
    Thread sleeping = sleeper();
    Sleeps present = sleeps;
    if (sleeping != null && present != null) {
      each.accept(sleeping, present.since);
    }
    tellParked(waiters(), each);
    tellParked(inLine(), each);
  }

  private static void tellParked(Waiter[] waiters, ObjLongConsumer<Thread> each) {
    for (Waiter waiter : waiters) {
      if (waiter instanceof Parked parked) {
        each.accept(parked.thread, parked.since);
      }
    }
  }

  private void pause(Limit limit, Queued parked) throws IOException {
    if (!parked.hopes) {
      checkLimit(limit, 0);
    }
    if (!parked.woken) {
      Callers.waits(name());
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
          new InterruptedIOException(name() + ": interrupted while waiting");
      interrupt.bytesTransferred = (int) Math.min(moved, Integer.MAX_VALUE);
      throw interrupt;
    }
    if (limit.left() <= 0) {
      throw new StreamTimeoutException(name(), "timed out, the limit was " + limit, moved);
    }
  }
}
