// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.process;

import io.penstock.impl.engine.Canary;
import io.penstock.impl.kind.support.selectable.SelectorThread;
import io.penstock.spi.Messages;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.channels.CancelledKeyException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;

/**
 * Waits for what no reader of a child's waits for: room in the pipe to a child, output that is to
 * be dropped, output that would stall another. One daemon thread for all children, {@code
 * penstock-children}, which exists only while there is such a pipe.
 */
final class Children {
  private static final Logger LOG = Messages.log("process");

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
    this(opening, Canary::probe);
  }

  Children(SelectorThread.Opening opening, SelectorThread.Check check) {
    this.thread =
        new SelectorThread<>("penstock-children", opening, this::run, Children::again, check);
  }

  /**
   * Has Java load what it waits with, which it would not try again after a first time without
   * descriptors.
   */
  static void load() {
    Loaded.yes();
  }

  private static final class Loaded {
    static {
      try (SocketChannel unused = SocketChannel.open()) {
        LOG.log(Level.TRACE, "{0} is loaded", unused);
      } catch (IOException e) {
        LOG.log(Level.DEBUG, "there is no descriptor even for one socket", e);
      }
    }

    static void yes() {}
  }

  /**
   * Watches a pipe until its observer has enough.
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

  private void run(Selector current) throws IOException {
    while (true) {
      if (thread.released()) {
        current.selectNow(this::fire);
      } else {
        thread.select(current, this::fire);
      }
      int taken = thread.take(current, current.keys().isEmpty(), wish -> register(wish, current));
      if (taken < 0) {
        return;
      }
    }
  }

  private static Wish again(SelectionKey key) {
    return new Wish(key.channel(), key.interestOps(), (Ready) key.attachment());
  }

  private static void register(Wish wish, Selector current) {
    try {
      wish.channel.register(current, wish.ops, wish.ready);
    } catch (ClosedChannelException | CancelledKeyException e) {
      LOG.log(Level.DEBUG, "a pipe was closed before anything came of it");
      // The waiting thread finds out by trying.
      boolean unused = isReady(wish.ready);
      current.wakeup();
    }
  }

  private void fire(SelectionKey key) {
    Ready ready = (Ready) key.attachment();
    if (!isReady(ready)) {
      try {
        // Kept, because what was full once will be so again.
        key.interestOps(0);
      } catch (CancelledKeyException e) {
        LOG.log(Level.DEBUG, "a pipe was closed meanwhile");
      }
    }
  }

  private static boolean isReady(Ready ready) {
    try {
      return ready.ready();
    } catch (RuntimeException | Error e) {
      LOG.log(Level.ERROR, "a child's pipe, or a caller that waits for it, failed", e);
      return false;
    }
  }
}
