// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.process;

import io.penstock.impl.kind.support.Daemons;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.channels.CancelledKeyException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Waits for what no reader of a child's waits for: room in the pipe to a child, output that is to
 * be dropped, output that would stall another. One daemon thread for all children, {@code
 * penstock-children}, which exists only while there is such a pipe.
 */
final class Children {
  private static final Logger LOG = System.getLogger("io.penstock");

  /** Told on the thread of all children that its pipe is ready; must be quick. */
  @FunctionalInterface
  interface Ready {
    /** Returns whether to watch on. */
    boolean ready();
  }

  /** Opens selectors; fails as the system does, for want of descriptors. */
  @FunctionalInterface
  interface Opening {
    Selector open() throws IOException;
  }

  private record Wish(SelectableChannel channel, int ops, Ready ready) {}

  private final Opening opening;

  private final ReentrantLock lock = new ReentrantLock();
  private final Queue<Wish> wishes = new ArrayDeque<>();
  private @Nullable Selector selector;

  /** Whether a pipe was closed that the selector may still hold. */
  private final AtomicBoolean released = new AtomicBoolean();

  Children() {
    this(Selector::open);
  }

  Children(Opening opening) {
    this.opening = opening;
  }

  /**
   * Watches a pipe until whoever is told has enough.
   *
   * @throws IOException if the system has no descriptors left to wait with
   */
  void watch(SelectableChannel channel, int ops, Ready ready) throws IOException {
    Selector current;
    lock.lock();
    try {
      current = selector;
      if (current == null) {
        Selector fresh = opening.open();
        selector = fresh;
        current = fresh;
        Daemons.start("penstock-children", () -> run(fresh));
      }
      wishes.add(new Wish(channel, ops, ready));
    } finally {
      lock.unlock();
    }
    current.wakeup();
  }

  /** Lets go of pipes that were closed: until then the child does not learn of it. */
  void release() {
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

  private void run(Selector current) {
    try (current) {
      while (true) {
        // The wake-up may have ended a selection that had let go of what was closed just before:
        // the
        // next one must not wait, or it would do so for nothing.
        if (released.getAndSet(false)) {
          current.selectNow(this::fire);
        } else {
          current.select(this::fire);
        }
        List<Wish> fresh;
        lock.lock();
        try {
          if (wishes.isEmpty() && current.keys().isEmpty()) {
            selector = null;
            return;
          }
          fresh = new ArrayList<>(wishes);
          wishes.clear();
        } finally {
          lock.unlock();
        }
        fresh.forEach(wish -> register(wish, current));
      }
    } catch (IOException e) {
      LOG.log(Level.ERROR, "penstock-children failed; children may stall", e);
      lock.lock();
      try {
        if (selector == current) {
          selector = null;
          wishes.clear();
        }
      } finally {
        lock.unlock();
      }
    }
  }

  private static void register(Wish wish, Selector current) {
    try {
      wish.channel.register(current, wish.ops, wish.ready);
    } catch (ClosedChannelException | CancelledKeyException e) {
      LOG.log(Level.DEBUG, "a pipe was closed before anything came of it");
      // Whoever waits finds out by trying.
      wish.ready.ready();
      current.wakeup();
    }
  }

  private void fire(SelectionKey key) {
    Ready ready = (Ready) key.attachment();
    boolean more;
    try {
      more = ready.ready();
    } catch (RuntimeException | Error e) {
      LOG.log(Level.ERROR, "a child's pipe, or who waits for it, failed", e);
      more = false;
    }
    if (!more) {
      try {
        // Kept, because what was full once will be so again.
        key.interestOps(0);
      } catch (CancelledKeyException e) {
        LOG.log(Level.DEBUG, "a pipe was closed meanwhile");
      }
    }
  }
}
