// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.tcp;

import io.penstock.impl.kind.support.selectable.SelectorThread;
import io.penstock.spi.Messages;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Waits for every connection that is being made: one daemon thread, {@code penstock-connect}, which
 * exists only while there is one.
 */
final class Connector {
  private static final Logger LOG = Messages.log("tcp");

  private static final Comparator<TcpConnect> BY_TIME =
      (a, b) -> {
        int order = Long.compare(a.wakeAt() - b.wakeAt(), 0);
        return order != 0 ? order : Long.compare(a.number(), b.number());
      };

  private final SelectorThread<TcpConnect> thread =
      new SelectorThread<>("penstock-connect", Selector::open, this::run, key -> null);

  /**
   * Looks at a connection on this thread, now and whenever it is due, until it is over; any change
   * from outside is told by calling this again.
   *
   * @throws IOException if the system has no descriptors left to wait with
   */
  void look(TcpConnect connect) throws IOException {
    thread.hand(connect);
  }

  private void run(Selector current) {
    SortedSet<TcpConnect> live = new TreeSet<>(BY_TIME);
    List<TcpConnect> ready = List.of();
    try {
      while (true) {
        List<TcpConnect> due = due(current, live, ready);
        if (due == null) {
          return;
        }
        long now = System.nanoTime();
        for (TcpConnect connect : due) {
          // Out and in again, because the time that it is kept by changes.
          live.remove(connect);
          if (guard(connect, current, now)) {
            live.add(connect);
          }
        }
        ready = await(current, live);
      }
    } catch (IOException | RuntimeException | Error e) {
      LOG.log(Level.ERROR, "penstock-connect failed; what was connecting fails, too", e);
      fail(current, live, e);
    }
  }

  /**
   * Those that were changed or are ready, or whose time has come; null when there is nothing left
   * to do.
   */
  private @Nullable List<TcpConnect> due(
      Selector current, SortedSet<TcpConnect> live, List<TcpConnect> ready) {
    List<TcpConnect> due = thread.take(current, live.isEmpty());
    if (due == null) {
      return null;
    }
    due.addAll(ready);
    long now = System.nanoTime();
    for (TcpConnect connect : live) {
      if (connect.wakeAt() - now > 0) {
        break;
      }
      due.add(connect);
    }
    return due;
  }

  private static boolean guard(TcpConnect connect, Selector current, long now) {
    try {
      return connect.look(current, now);
    } catch (RuntimeException | Error e) {
      connect.broken(e);
      return false;
    }
  }

  private static List<TcpConnect> await(Selector current, SortedSet<TcpConnect> live)
      throws IOException {
    List<TcpConnect> ready = new ArrayList<>();
    long left = live.isEmpty() ? 0 : live.first().wakeAt() - System.nanoTime();
    // Even where there is nothing to wait for: it lets go of what was closed.
    if (left <= 0) {
      current.selectNow(key -> ready.add(owner(key)));
    } else {
      current.select(key -> ready.add(owner(key)), TimeUnit.NANOSECONDS.toMillis(left + 999_999));
    }
    return ready;
  }

  private static TcpConnect owner(SelectionKey key) {
    return (TcpConnect) key.attachment();
  }

  private void fail(Selector current, SortedSet<TcpConnect> live, Throwable failure) {
    List<TcpConnect> all = new ArrayList<>(live);
    all.addAll(thread.fail(current));
    IOException cause = new IOException("waiting for connections failed: " + failure, failure);
    all.forEach(connect -> connect.broken(cause));
  }
}
