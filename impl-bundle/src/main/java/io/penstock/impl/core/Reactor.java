// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.core;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.System.Logger.Level;
import java.nio.channels.CancelledKeyException;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * One thread, one {@link Selector}: tells waiters once when a channel has become ready. The thread
 * exists from the first need until the close.
 */
public final class Reactor implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger("io.penstock");
  private static final long STOP_MILLIS = 2000;

  private record Wish(int ops, Waiter waiter) {}

  private final String name;
  private final ConcurrentLinkedQueue<Runnable> tasks = new ConcurrentLinkedQueue<>();
  private final ReentrantLock lock = new ReentrantLock();
  private @Nullable Selector selector;
  private volatile @Nullable Thread thread;
  private boolean closed;

  /** Whether somebody has closed a channel since those who wait were looked through. */
  private volatile boolean closures;

  /**
   * The keys for which somebody waits; the thread's own. The selector's set does not do: the one
   * select that the close of a channel ends also removes its key, and with it who waits.
   */
  private final Set<SelectionKey> awaited = new HashSet<>();

  /** Whom the select that is under way has found; the thread's own. */
  private final ArrayDeque<Waiter> found = new ArrayDeque<>();

  Reactor(String name) {
    this.name = name;
  }

  /**
   * Wakes a waiter once as soon as the channel is ready for one of the operations, has been closed,
   * or the reactor stops.
   */
  void await(SelectableChannel channel, int ops, Waiter waiter) {
    if (isMine()) {
      register(channel, new Wish(ops, waiter));
    } else if (!submit(() -> register(channel, new Wish(ops, waiter)))) {
      waiter.wake();
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

  /** Whether nobody else waits for the thread. Only for the thread itself. */
  public boolean isIdle() {
    return found.isEmpty() && tasks.isEmpty();
  }

  /**
   * Sees to it that there is a selector and a thread.
   *
   * @return false if there cannot be any, such as for want of a descriptor
   */
  public boolean open() {
    try {
      return submit(() -> {});
    } catch (UncheckedIOException e) {
      LOG.log(Level.DEBUG, name + " cannot begin", e);
      return false;
    }
  }

  /** Lets the selector forget channels that were closed, so that their descriptors are released. */
  void flush() {
    closures = true;
    lock.lock();
    try {
      if (selector != null && !closed) {
        selector.wakeup();
      }
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
    CountDownLatch done = new CountDownLatch(1);
    lock.lock();
    try {
      if (selector == null || closed || thread == Thread.currentThread()) {
        return true;
      }
    } finally {
      lock.unlock();
    }
    boolean begun =
        submit(
            () -> {
              try {
                closures = true;
                selector().selectNow(this::fire);
                wakeFound();
                wakeClosed();
              } catch (IOException e) {
                LOG.log(Level.DEBUG, name + ": the selector failed, which the next round tells", e);
              } finally {
                done.countDown();
              }
            });
    try {
      return !begun || done.await(millis, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  private boolean submit(Runnable task) {
    Selector current;
    lock.lock();
    try {
      if (closed) {
        return false;
      }
      if (selector == null) {
        try {
          selector = Selector.open();
        } catch (IOException e) {
          throw new UncheckedIOException("cannot open a selector", e);
        }
        thread = Engine.daemon(name, this::run);
        thread.start();
      }
      tasks.add(task);
      current = selector;
    } finally {
      lock.unlock();
    }
    current.wakeup();
    return true;
  }

  private void register(SelectableChannel channel, Wish wish) {
    Selector current = selector();
    try {
      SelectionKey key = channel.keyFor(current);
      if (key == null) {
        List<Wish> wishes = new ArrayList<>(2);
        wishes.add(wish);
        awaited.add(channel.register(current, wish.ops, wishes));
      } else {
        wishes(key).add(wish);
        awaited.add(key);
        key.interestOpsOr(wish.ops);
      }
    } catch (IOException | RuntimeException e) {
      // Closed, or no channel that can be selected: whoever waits finds out by trying.
      LOG.log(Level.DEBUG, name + ": a channel cannot be waited for", e);
      // Not from here: who waits may be in the middle of a call.
      found.add(wish.waiter);
    }
  }

  @SuppressWarnings("unchecked")
  private static List<Wish> wishes(SelectionKey key) {
    return (List<Wish>) key.attachment();
  }

  private Selector selector() {
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
    Selector current = selector();
    try {
      while (!isClosed()) {
        if (found.isEmpty()) {
          current.select(this::fire);
        } else {
          current.selectNow(this::fire);
        }
        wakeFound();
        runTasks();
        wakeClosed();
      }
    } catch (IOException | RuntimeException e) {
      LOG.log(
          Level.ERROR,
          name + " failed, nothing that waits for the network will be woken; restart the bundle",
          e);
    } finally {
      stop(current);
    }
  }

  private void stop(Selector current) {
    lock.lock();
    try {
      // From here on nobody is taken in, whether we were told to stop or have failed.
      closed = true;
    } finally {
      lock.unlock();
    }
    List<Wish> left = new ArrayList<>();
    awaited.forEach(key -> left.addAll(wishes(key)));
    awaited.clear();
    try {
      current.close();
    } catch (IOException e) {
      LOG.log(Level.WARNING, name + " could not close its selector", e);
    }
    left.forEach(wish -> found.add(wish.waiter));
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
      LOG.log(Level.ERROR, name + ": a waiter, or the provider behind it, failed", e);
    }
  }

  private void wake(Waiter waiter) {
    guard(waiter::wake);
  }

  private void fire(SelectionKey key) {
    List<Wish> wishes = wishes(key);
    try {
      int ready = key.readyOps();
      int rest = 0;
      for (int i = wishes.size() - 1; i >= 0; i--) {
        Wish wish = wishes.get(i);
        if ((wish.ops & ready) != 0) {
          wishes.remove(i);
          found.add(wish.waiter);
        } else {
          rest |= wish.ops;
        }
      }
      key.interestOps(rest);
      if (wishes.isEmpty()) {
        awaited.remove(key);
      }
    } catch (CancelledKeyException e) {
      awaited.remove(key);
      wishes.forEach(wish -> found.add(wish.waiter));
      wishes.clear();
    }
  }

  /** Wakes them outside of the select, so that they may wait for the next thing at once. */
  private void wakeFound() {
    for (int left = found.size(); left > 0; left--) {
      wake(found.remove());
    }
  }

  private void drop(List<Wish> wishes) {
    List<Wish> copy = List.copyOf(wishes);
    wishes.clear();
    copy.forEach(wish -> wake(wish.waiter));
  }

  private void wakeClosed() {
    if (!closures) {
      return;
    }
    // First, so that who is closed while we look is looked for again.
    closures = false;
    List<SelectionKey> gone = new ArrayList<>(0);
    for (SelectionKey key : awaited) {
      if (!key.isValid()) {
        gone.add(key);
      }
    }
    for (SelectionKey key : gone) {
      awaited.remove(key);
      drop(wishes(key));
    }
  }

  /** Stops the thread; waits for it a moment. Whoever still waited is woken. */
  @Override
  public void close() {
    Thread running;
    Selector current;
    lock.lock();
    try {
      closed = true;
      running = thread;
      current = selector;
    } finally {
      lock.unlock();
    }
    if (current == null || running == null) {
      return;
    }
    current.wakeup();
    if (running != Thread.currentThread()) {
      Engine.join(running, STOP_MILLIS);
    }
  }
}
