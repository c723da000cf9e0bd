// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.core;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.System.Logger.Level;
import java.nio.channels.CancelledKeyException;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * One thread, one {@link Selector}: tells waiters once when a channel has become ready. The thread
 * exists from the first need until the close.
 */
final class Reactor implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger("io.penstock");
  private static final long STOP_MILLIS = 2000;

  private record Wish(int ops, Waiter waiter) {}

  private final String name;
  private final ConcurrentLinkedQueue<Runnable> tasks = new ConcurrentLinkedQueue<>();
  private final ReentrantLock lock = new ReentrantLock();
  private @Nullable Selector selector;
  private @Nullable Thread thread;
  private boolean closed;

  Reactor(String name) {
    this.name = name;
  }

  /**
   * Wakes a waiter once as soon as the channel is ready for one of the operations, has been closed,
   * or the reactor stops.
   */
  void await(SelectableChannel channel, int ops, Waiter waiter) {
    if (!submit(() -> register(channel, new Wish(ops, waiter)))) {
      waiter.wake();
    }
  }

  /** Lets the selector forget channels that were closed, so that their descriptors are released. */
  void flush() {
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
                Selector current = selector();
                wakeClosed(current);
                current.selectNow(this::fire);
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
        channel.register(current, wish.ops, wishes);
      } else {
        wishes(key).add(wish);
        key.interestOpsOr(wish.ops);
      }
    } catch (IOException | RuntimeException e) {
      // Closed, or no channel that can be selected: whoever waits finds out by trying.
      LOG.log(Level.DEBUG, name + ": a channel cannot be waited for", e);
      wish.waiter.wake();
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
        current.select(this::fire);
        runTasks();
        wakeClosed(current);
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
    List<Wish> left = new ArrayList<>();
    current.keys().forEach(key -> left.addAll(wishes(key)));
    try {
      current.close();
    } catch (IOException e) {
      LOG.log(Level.WARNING, name + " could not close its selector", e);
    }
    left.forEach(wish -> wake(wish.waiter));
    // What was asked for too late finds the selector closed, and wakes its waiter.
    runTasks();
  }

  private void runTasks() {
    Runnable task;
    while ((task = tasks.poll()) != null) {
      guard(task);
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
    List<Waiter> due = new ArrayList<>(wishes.size());
    try {
      int ready = key.readyOps();
      int rest = 0;
      for (int i = wishes.size() - 1; i >= 0; i--) {
        Wish wish = wishes.get(i);
        if ((wish.ops & ready) != 0) {
          wishes.remove(i);
          due.add(wish.waiter);
        } else {
          rest |= wish.ops;
        }
      }
      key.interestOps(rest);
    } catch (CancelledKeyException e) {
      drop(wishes);
    }
    due.forEach(this::wake);
  }

  private void drop(List<Wish> wishes) {
    List<Wish> copy = List.copyOf(wishes);
    wishes.clear();
    copy.forEach(wish -> wake(wish.waiter));
  }

  private void wakeClosed(Selector current) {
    for (SelectionKey key : current.keys()) {
      if (!key.isValid() && !wishes(key).isEmpty()) {
        drop(wishes(key));
      }
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
