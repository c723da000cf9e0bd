// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.process;

import io.penstock.impl.kind.support.SelectorThread;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.channels.CancelledKeyException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.util.List;

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

  private record Wish(SelectableChannel channel, int ops, Ready ready) {}

  private final SelectorThread<Wish> thread;

  Children() {
    this(Selector::open);
  }

  Children(SelectorThread.Opening opening) {
    this.thread = new SelectorThread<>("penstock-children", opening, this::run);
  }

  /**
   * Watches a pipe until whoever is told has enough.
   *
   * @throws IOException if the system has no descriptors left to wait with
   */
  void watch(SelectableChannel channel, int ops, Ready ready) throws IOException {
    thread.hand(new Wish(channel, ops, ready));
  }

  /** Lets go of pipes that were closed: until then the child does not learn of it. */
  void release() {
    thread.release();
  }

  private void run(Selector current) {
    try (current) {
      while (true) {
        if (thread.released()) {
          current.selectNow(this::fire);
        } else {
          current.select(this::fire);
        }
        List<Wish> fresh = thread.take(current, current.keys().isEmpty());
        if (fresh == null) {
          return;
        }
        fresh.forEach(wish -> register(wish, current));
      }
    } catch (IOException e) {
      LOG.log(Level.ERROR, "penstock-children failed; children may stall", e);
      List<Wish> unused = thread.fail(current);
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
