// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.support.selectable;

import io.penstock.impl.engine.Canary;
import io.penstock.impl.kind.support.Daemons;
import io.penstock.spi.Messages;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A daemon thread with a selector, which exists only while it has something to do: how others hand
 * it what to do, and how it finds out that there is nothing more.
 *
 * @param <T> what it is handed
 */
public final class SelectorThread<T> {
  /** Opens selectors; fails as the system does, for want of descriptors. */
  @FunctionalInterface
  public interface Opening {
    /** Opens one. */
    Selector open() throws IOException;
  }

  /** What the thread does. */
  @FunctionalInterface
  public interface Work {
    /** Works until {@link #take} says that there is nothing more. */
    void run(Selector selector) throws IOException;
  }

  /** Finds out whether the system watches what a selector was given. */
  @FunctionalInterface
  public interface Check {
    /** Whether it does; others that are ready are told of. */
    boolean works(Selector selector, Consumer<SelectionKey> fire) throws IOException;
  }

  private static final Logger LOG = Messages.log("kind");
  private static final long QUIET = TimeUnit.MINUTES.toNanos(1);
  private static final long PAUSE = TimeUnit.MILLISECONDS.toNanos(100);

  private final String name;
  private final Opening opening;
  private final Work work;
  private final Function<SelectionKey, @Nullable T> again;
  private final Check check;

  // These are the thread's own; its successor gets them with the lock.
  private final ArrayDeque<T> taken = new ArrayDeque<>();
  private int rounds = Canary.ROUNDS;
  private long due;
  private @Nullable Long toldAt;

  private final ReentrantLock lock = new ReentrantLock();
  // Both guarded by the lock.
  private final Queue<T> handed = new ArrayDeque<>();
  private @Nullable Selector selector;

  /** Whether a channel was closed that the selector may still hold. */
  private final AtomicBoolean released = new AtomicBoolean();

  /**
   * No thread yet.
   *
   * @param name of the thread
   * @param opening opens its selector
   * @param work what it does
   * @param again what another thread is handed, after a failure of this one, of a key; null for
   *     nothing
   */
  public SelectorThread(
      String name, Opening opening, Work work, Function<SelectionKey, @Nullable T> again) {
    this(name, opening, work, again, Canary::probe);
  }

  /** The same with another check. */
  public SelectorThread(
      String name,
      Opening opening,
      Work work,
      Function<SelectionKey, @Nullable T> again,
      Check check) {
    this.check = check;
    this.name = name;
    this.opening = opening;
    this.work = work;
    this.again = again;
  }

  /**
   * Hands the thread something, and starts it if there is none.
   *
   * @throws IOException if the system has no descriptors, or no thread, left to wait with
   */
  public void hand(T item) throws IOException {
    Selector current;
    lock.lock();
    try {
      current = selector;
      if (current == null) {
        current = begin();
        selector = current;
      }
      handed.add(item);
    } finally {
      lock.unlock();
    }
    current.wakeup();
  }

  private Selector begin() throws IOException {
    Selector fresh = opening.open();
    try {
      Daemons.start(name, () -> run(fresh));
      return fresh;
    } catch (RuntimeException | Error e) {
      fresh.close();
      throw new IOException(name + " cannot be started: " + e.getMessage(), e);
    }
  }

  private void run(Selector current) {
    try (current) {
      try {
        work.run(current);
      } catch (IOException | RuntimeException | Error e) {
        tell(e);
        startOver(current);
      }
    } catch (IOException e) {
      LOG.log(Level.WARNING, name + " could not close its selector", e);
    }
  }

  /**
   * Says at most once a minute that the thread has failed, which a full system makes it do often.
   */
  private void tell(Throwable why) {
    long now = System.nanoTime();
    Long last = toldAt;
    if (last == null || now - last > QUIET) {
      toldAt = now;
      LOG.log(Level.ERROR, name + " failed, and is started anew", why);
    }
  }

  /** Hands everything that was watched to another thread, after a pause. */
  private void startOver(Selector failed) {
    List<T> left = new ArrayList<>(taken);
    taken.clear();
    left.addAll(fail(failed));
    if (failed.isOpen()) {
      for (SelectionKey key : failed.keys()) {
        T item = key.isValid() ? again.apply(key) : null;
        if (item != null) {
          left.add(item);
        }
      }
    }
    LockSupport.parkNanos(this, PAUSE);
    while (!left.isEmpty()) {
      try {
        hand(left.get(left.size() - 1));
        left.remove(left.size() - 1);
      } catch (IOException | RuntimeException | Error e) {
        LOG.log(Level.DEBUG, name + " cannot be started anew, and is tried again", e);
        LockSupport.parkNanos(this, PAUSE);
      }
    }
  }

  /** Has the thread let go of channels that were closed: until then they keep their descriptors. */
  public void release() {
    Selector current;
    lock.lock();
    try {
      current = selector;
    } finally {
      lock.unlock();
    }
    if (current != null) {
      released.set(true);
      current.wakeup();
    }
  }

  // ---- for the thread

  /**
   * Whether a channel was closed since it was asked. The wake-up may have ended a selection that
   * had let go of what was closed just before: the next one must not wait, or it would do so for
   * nothing.
   */
  public boolean released() {
    return released.getAndSet(false);
  }

  /**
   * Takes what was handed over.
   *
   * @param idle whether the thread has nothing else to do
   * @return the caller's for good; null for nothing: the thread has to end, and the next that is
   *     handed over gets another
   */
  public @Nullable List<T> take(Selector current, boolean idle) {
    lock.lock();
    try {
      if (idle && handed.isEmpty()) {
        if (selector == current) {
          selector = null;
        }
        return null;
      }
      return takeAll();
    } finally {
      lock.unlock();
    }
  }

  /**
   * Takes what was handed over, and sees to it that nothing of it is lost if the thread fails.
   *
   * @param idle whether the thread has nothing else to do
   * @param register is given each
   * @return how many were; -1 if the thread has to end, as with {@link #take(Selector, boolean)}
   */
  public int take(Selector current, boolean idle, Consumer<T> register) {
    List<T> fresh = take(current, idle);
    if (fresh == null) {
      return -1;
    }
    if (!fresh.isEmpty()) {
      long soon = System.nanoTime() + Canary.pause(0);
      if (rounds >= Canary.ROUNDS || soon - due < 0) {
        due = soon;
      }
      rounds = 0;
    }
    taken.addAll(fresh);
    for (T next = taken.peek(); next != null; next = taken.peek()) {
      register.accept(next);
      taken.remove();
    }
    return fresh.size();
  }

  /**
   * Waits as the selector does. A second after something was taken, and some times more, it finds
   * out whether the system watches that at all, and asks it anew: the JDK does not look at the
   * answer.
   *
   * @throws IOException also if it does not; everything is then given to another thread, and again
   *     until the system does
   */
  public void select(Selector current, Consumer<SelectionKey> fire) throws IOException {
    if (rounds >= Canary.ROUNDS) {
      current.select(fire);
      return;
    }
    long left = due - System.nanoTime();
    if (left > 0) {
      current.select(fire, TimeUnit.NANOSECONDS.toMillis(left + 999_999));
      return;
    }
    due = System.nanoTime() + Canary.pause(0);
    boolean works;
    try {
      works = check.works(current, fire);
    } catch (IOException e) {
      LOG.log(Level.DEBUG, name + " cannot find out whether it is watched, and tries later", e);
      return;
    }
    if (!works) {
      throw new IOException(Canary.refused());
    }
    rounds++;
    due = System.nanoTime() + Canary.pause(rounds);
    Canary.askAnew(current, current.keys(), fire);
  }

  /**
   * The selector has failed, and the thread ends.
   *
   * @return what was handed over in vain
   */
  public List<T> fail(Selector current) {
    lock.lock();
    try {
      if (selector != current) {
        return new ArrayList<>();
      }
      selector = null;
      return takeAll();
    } finally {
      lock.unlock();
    }
  }

  private List<T> takeAll() {
    List<T> all = new ArrayList<>(handed);
    handed.clear();
    return all;
  }
}
