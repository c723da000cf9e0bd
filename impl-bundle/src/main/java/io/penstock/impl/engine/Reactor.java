// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.engine;

import io.penstock.spi.Messages;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.System.Logger.Level;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.util.ArrayDeque;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One thread, one {@link Selector}: tells waiters once when a channel has become ready. The thread
 * exists from the first need until the close.
 */
public final class Reactor implements AutoCloseable {
  private static final System.Logger LOG = Messages.log("core");
  private static final long STOP_MILLIS = 2000;

  private final String name;
  private final Upkeep upkeep;
  private final Upkeep.Loop loop;
  private final Canary canary;
  private final ConcurrentLinkedQueue<Runnable> tasks = new ConcurrentLinkedQueue<>();
  private final ReentrantLock lock = new ReentrantLock();
  private @Nullable Selector selector;
  private volatile @Nullable Thread thread;
  private boolean closed;

  /** Whether a round has failed, so that the selector may be of no use; the thread's own. */
  private boolean failed;

  /** Whether the system must be asked anew for a waiter; used by the reactor's thread only. */
  private boolean unchecked;

  /** When the selector is checked next, if at all; the thread's own. */
  private long due;

  /** Whether a channel was closed since the waiters were last checked. */
  private volatile boolean closures;

  /** The keys that have waiters; used by the reactor's thread only. */
  private final Awaited awaited = new Awaited();

  /** The waiters that the present select has found; used by the reactor's thread only. */
  private final ArrayDeque<Waiter> found = new ArrayDeque<>();

  /** Made once: each select takes it. */
  private final Consumer<SelectionKey> firing = this::fire;

  Reactor(String name, Upkeep upkeep, Canary canary) {
    this.name = name;
    this.upkeep = upkeep;
    this.canary = canary;
    this.loop = upkeep.loop(name, this::run);
  }

  /**
   * Wakes a waiter once as soon as the channel is ready for one of the operations, has been closed,
   * or the reactor stops.
   */
  public void await(SelectableChannel channel, int ops, Waiter waiter) {
    await(channel, ops, new Wish(waiter));
  }

  /** The same for a waiter that waits over and over. */
  public void await(SelectableChannel channel, int ops, Wish wish) {
    wish.ops = ops;
    wish.rounds = 0;
    if (isMine()) {
      register(channel, wish);
      return;
    }
    Waiter waiter = wish.waiter;
    Runnable wait =
        () -> {
          if (!submit(() -> register(channel, wish))) {
            waiter.wake();
          }
        };
    try {
      wait.run();
    } catch (UncheckedIOException e) {
      // The caller would fail, which the want of a descriptor of ours must not cause.
      upkeep.again(name + " has no selector", e, () -> awaitAgain(wait, waiter));
    }
  }

  private void awaitAgain(Runnable wait, Waiter waiter) {
    if (upkeep.isClosed()) {
      waiter.wake();
    } else {
      wait.run();
    }
  }

  /** Whether the caller is the thread that everything here runs on. */
  public boolean isMine() {
    return Thread.currentThread() == thread;
  }

  /**
   * Runs a task on the thread; it must not wait for anything.
   *
   * @return false if there is no such thread any more
   */
  public boolean execute(Runnable task) {
    return submit(task);
  }

  /** Whether no other waiter needs the thread. Only for the thread itself. */
  public boolean isIdle() {
    return found.isEmpty() && tasks.isEmpty();
  }

  /**
   * Sees to it that there is a selector and a thread.
   *
   * @return false if there cannot be any, for want of a descriptor or of a thread
   */
  public boolean open() {
    try {
      return submit(() -> {});
    } catch (UncheckedIOException | OutOfMemoryError e) {
      LOG.log(Level.DEBUG, name + " cannot begin", e);
      return false;
    }
  }

  /** Lets the selector forget channels that were closed, so that their descriptors are released. */
  void flush() {
    closures = true;
    Selector current = present();
    if (current != null) {
      current.wakeup();
    }
  }

  /** The same for a channel that was closed, if the selector has it. */
  void flush(SelectableChannel channel) {
    Selector current = present();
    if (current != null && channel.keyFor(current) != null) {
      flush();
    }
  }

  private @Nullable Selector present() {
    lock.lock();
    try {
      return closed ? null : selector;
    } finally {
      lock.unlock();
    }
  }

  /**
   * The same, and returns when it is done: only then is an address free.
   *
   * @param millis how long at most
   * @return whether it was done in time
   */
  boolean settle(long millis) {
    if (thread == Thread.currentThread()) {
      return true;
    }
    CountDownLatch done = new CountDownLatch(1);
    flush(done::countDown);
    try {
      return done.await(millis, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  /** The same, and runs a task when it is done, perhaps on the thread of this. */
  void flush(Runnable then) {
    boolean idle;
    lock.lock();
    try {
      idle = selector == null || closed;
    } finally {
      lock.unlock();
    }
    boolean begun =
        !idle
            && submit(
                () -> {
                  try {
                    closures = true;
                    selector().selectNow(firing);
                    wakeFound();
                    wakeClosed();
                  } catch (IOException e) {
                    String failed = name + ": the selector failed, which the next round tells";
                    LOG.log(Level.DEBUG, failed, e);
                  } finally {
                    then.run();
                  }
                });
    if (!begun) {
      then.run();
    }
  }

  private boolean submit(Runnable task) {
    Selector fresh = needsSelector() ? openSelector() : null;
    boolean first = false;
    Selector current;
    lock.lock();
    try {
      current = closed ? null : selector;
      if (!closed && current == null && fresh != null) {
        current = fresh;
        selector = fresh;
        first = true;
        // With the lock: a close must find the thread.
        loop.start();
      }
      if (current != null) {
        tasks.add(task);
      }
    } finally {
      lock.unlock();
    }
    if (fresh != null && !first) {
      discard(fresh);
    }
    if (current == null) {
      return false;
    }
    current.wakeup();
    return true;
  }

  private boolean needsSelector() {
    lock.lock();
    try {
      return selector == null && !closed;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Without the lock: the first of a process takes a tenth of a second, and others must not wait.
   */
  private Selector openSelector() {
    // First: once there is a selector, its thread comes, now or later.
    upkeep.begin();
    try {
      return canary.open();
    } catch (IOException e) {
      throw new UncheckedIOException("cannot open a selector", e);
    }
  }

  /** Another caller was quicker. */
  private void discard(Selector unused) {
    try {
      unused.close();
    } catch (IOException e) {
      LOG.log(Level.DEBUG, name + ": a selector that was not needed could not be closed", e);
    }
  }

  private void register(SelectableChannel channel, Wish wish) {
    Selector current = selector();
    wish.due = System.nanoTime() + Canary.pause(0);
    soonest(wish);
    try {
      awaited.register(current, channel, wish);
    } catch (IOException | RuntimeException e) {
      // Closed, or no channel that can be selected: the waiter finds out by trying.
      LOG.log(Level.DEBUG, "{0}: a channel cannot be waited for", name, e);
      // Not from here: the waiter may be in the middle of a call.
      found.add(wish.waiter);
    }
  }

  Selector selector() {
    lock.lock();
    try {
      if (selector == null) {
        throw new IllegalStateException("the reactor has no selector before its first task");
      }
      return selector;
    } finally {
      lock.unlock();
    }
  }

  private boolean isClosed() {
    lock.lock();
    try {
      return closed;
    } finally {
      lock.unlock();
    }
  }

  private void run() {
    thread = Thread.currentThread();
    try {
      if (failed) {
        startOver();
      }
      failed = true;
      while (!isClosed()) {
        round(selector());
      }
    } catch (IOException e) {
      throw new UncheckedIOException("the selector of " + name + " failed", e);
    } finally {
      if (isClosed()) {
        stop(selector());
      }
    }
  }

  private void round(Selector current) throws IOException {
    int keys = current.keys().size();
    if (!found.isEmpty() || !tasks.isEmpty()) {
      // A task that selects clears the wake-up of a task that came meanwhile.
      current.selectNow(firing);
    } else if (unchecked) {
      selectAndCheck(current);
    } else {
      current.select(firing);
    }
    if (current.keys().size() < keys) {
      // It has forgotten a closed channel before the thread that closed it could tell.
      closures = true;
    }
    wakeFound();
    runTasks();
    wakeClosed();
  }

  /** Some times after a channel was registered, and not more often than each period. */
  private void selectAndCheck(Selector current) throws IOException {
    long left = due - System.nanoTime();
    if (left > 0) {
      current.select(firing, TimeUnit.NANOSECONDS.toMillis(left + 999_999));
      return;
    }
    unchecked = false;
    // A key of the canary's may come while another one goes.
    closures = true;
    if (!canary.works(current, firing)) {
      upkeep.tell(
          name + " may not hear of channels that are ready", new IOException(Canary.refused()));
      Canary.forget(current, awaited, firing);
      awaited.fireAll(found);
    } else {
      Canary.askAnew(current, unsure(), firing);
    }
  }

  private void soonest(Wish wish) {
    if (wish.rounds < Canary.ROUNDS && (!unchecked || wish.due - due < 0)) {
      unchecked = true;
      due = wish.due;
    }
  }

  /** For which keys the system is to be asked anew now; finds out when that is to be done next. */
  private Set<SelectionKey> unsure() {
    long now = System.nanoTime();
    Set<SelectionKey> unsure = new HashSet<>();
    for (SelectionKey key : awaited) {
      awaited.each(
          key,
          wish -> {
            if (wish.rounds < Canary.ROUNDS && wish.due - now <= 0) {
              wish.rounds++;
              wish.due = now + Canary.pause(wish.rounds);
              unsure.add(key);
            }
            soonest(wish);
          });
    }
    if (unchecked && due - now < Canary.PERIOD_NANOS) {
      due = now + Canary.PERIOD_NANOS;
    }
    return unsure;
  }

  /**
   * After a failure: opens another selector, and wakes all waiters to try, and if need be to wait
   * again.
   */
  private void startOver() throws IOException {
    Selector old = selector();
    Selector fresh = null;
    try {
      fresh = canary.open();
    } catch (IOException e) {
      if (!old.isOpen()) {
        throw e;
      }
      LOG.log(Level.DEBUG, name + " goes on with the selector that it has", e);
    }
    awaited.fireAll(found);
    if (fresh != null) {
      lock.lock();
      try {
        selector = fresh;
      } finally {
        lock.unlock();
      }
      // What was asked for meanwhile has woken the old one.
      fresh.wakeup();
      old.close();
    }
  }

  private void stop(Selector current) {
    awaited.fireAll(found);
    try {
      current.close();
    } catch (IOException e) {
      LOG.log(Level.WARNING, name + " could not close its selector", e);
    }
    // What was asked for too late finds the selector closed, and its waiter is woken, too.
    while (!isIdle()) {
      runTasks();
      wakeFound();
    }
  }

  /** Runs what is there now: what comes meanwhile has ended the next select's wait already. */
  private void runTasks() {
    for (int left = tasks.size(); left > 0; left--) {
      Runnable task = tasks.poll();
      if (task != null) {
        guard(task);
      }
    }
  }

  /** One waiter's fault, or its provider's, must not keep the others from being woken. */
  private void guard(Runnable task) {
    try {
      task.run();
    } catch (RuntimeException | Error e) {
      LOG.log(Level.ERROR, "{0}: a waiter, or the provider behind it, failed", name, e);
    }
  }

  private void wake(Waiter waiter) {
    guard(waiter::wake);
  }

  private void fire(SelectionKey key) {
    awaited.fire(key, found);
  }

  /** Wakes them outside of the select, so that they may wait for the next thing at once. */
  private void wakeFound() {
    for (int left = found.size(); left > 0; left--) {
      wake(found.remove());
    }
  }

  private void wakeClosed() {
    if (!closures) {
      return;
    }
    // First, so that a channel that is closed while we look is looked for again.
    closures = false;
    awaited.fireClosed(found);
    wakeFound();
  }

  /** Stops the thread; waits for it a moment. Remaining waiters are woken. */
  @Override
  public void close() {
    Selector current;
    lock.lock();
    try {
      closed = true;
      current = selector;
    } finally {
      lock.unlock();
    }
    if (current == null) {
      return;
    }
    current.wakeup();
    loop.join(STOP_MILLIS);
    if (!loop.isAlive()) {
      // A thread that could not be started never will be, and one that has failed never comes back.
      stop(selector());
    }
  }
}
