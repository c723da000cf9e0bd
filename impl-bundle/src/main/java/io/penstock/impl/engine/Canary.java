// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.engine;

import java.io.IOException;
import java.nio.channels.CancelledKeyException;
import java.nio.channels.Pipe;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Notices that the system refuses to watch channels, as Linux does beyond {@code
 * fs.epoll.max_user_watches}. The JDK (17 to 25) drops the answer of {@code epoll_ctl}: a channel
 * that the system does not watch is never found ready, and nothing tells so. So a channel that is
 * always ready is watched for a moment: if the selector does not find it, it has not found others
 * either.
 */
public class Canary implements AutoCloseable {
  /** How long after a channel was registered, at the latest, a selector is checked. */
  public static final long PERIOD_NANOS = TimeUnit.SECONDS.toNanos(1);

  /**
   * How often the system is asked anew for a channel that is not found ready. Once is not enough:
   * asking anew lets go of the channel first, and may be refused itself.
   */
  public static final int ROUNDS = 3;

  /** How many selectors are opened to find one that can be woken. */
  private static final int WAKING = 2;

  /** Longer than a wake-up takes; where the system refuses for good, callers wait some of these. */
  private static final long AWAKE_MILLIS = 20;

  private static final String REFUSED =
      "the system watches no more channels; raise fs.epoll.max_user_watches";

  private final ReentrantLock lock = new ReentrantLock();
  // Guarded by the lock.
  private @Nullable Pipe pipe;
  private boolean closed;

  /**
   * Opens a selector that works.
   *
   * @throws IOException if there are no descriptors, or the system watches no more channels
   */
  public final Selector open() throws IOException {
    Selector fresh = waking();
    boolean works = false;
    try {
      works = works(fresh, key -> {});
    } finally {
      if (!works) {
        fresh.close();
      }
    }
    if (!works) {
      throw new IOException(REFUSED);
    }
    return fresh;
  }

  /** A selector that can be woken. If the system refused once, the next one may be watched. */
  private static Selector waking() throws IOException {
    for (int attempt = 0; attempt < WAKING; attempt++) {
      Selector fresh = Selector.open();
      boolean wakes = false;
      try {
        wakes = wakes(fresh);
      } finally {
        if (!wakes) {
          fresh.close();
        }
      }
      if (wakes) {
        return fresh;
      }
    }
    throw new IOException(REFUSED);
  }

  /** Whether the system watches what a selector is woken by; without that it would sleep on. */
  private static boolean wakes(Selector fresh) throws IOException {
    // Several times: a thread that loses its processor is late, too.
    for (int look = 0; look < ROUNDS; look++) {
      long begin = System.nanoTime();
      fresh.wakeup();
      int unused = fresh.select(AWAKE_MILLIS);
      if (System.nanoTime() - begin < TimeUnit.MILLISECONDS.toNanos(AWAKE_MILLIS)) {
        return true;
      }
    }
    return false;
  }

  /** How long to wait before the system is asked anew, after so many times; ever longer. */
  public static long pause(int rounds) {
    return PERIOD_NANOS << rounds;
  }

  /** Why a selector is of no use, for the log. */
  public static String refused() {
    return REFUSED;
  }

  /**
   * Whether the system watches what is registered with a selector from now on.
   *
   * @param fire is told of whatever else is ready
   */
  public boolean works(Selector selector, Consumer<SelectionKey> fire) throws IOException {
    SelectableChannel always = always();
    if (always == null) {
      return true;
    }
    SelectionKey mine = always.keyFor(selector);
    if (mine == null) {
      mine = always.register(selector, 0, this);
    }
    SelectionKey expected = mine;
    boolean[] seen = new boolean[1];
    try {
      mine.interestOps(SelectionKey.OP_WRITE);
      try {
        selector.selectNow(
            key -> {
              if (key == expected) {
                seen[0] = true;
              } else {
                fire.accept(key);
              }
            });
      } finally {
        // Always ready, it would end each wait at once.
        mine.interestOps(0);
      }
    } catch (CancelledKeyException e) {
      // Closed meanwhile: there are no callers any more.
      return true;
    }
    return seen[0];
  }

  /** How many of a selector's keys are ours. */
  public static int keys(Selector selector) {
    int count = 0;
    for (SelectionKey key : selector.keys()) {
      if (key.attachment() instanceof Canary) {
        count++;
      }
    }
    return count;
  }

  /**
   * Has the system asked anew for channels that it may not watch: the JDK takes them to be watched.
   *
   * @param fire is told of what is ready
   */
  public static void forget(
      Selector selector, Iterable<SelectionKey> keys, Consumer<SelectionKey> fire)
      throws IOException {
    for (SelectionKey key : keys) {
      try {
        key.interestOps(0);
      } catch (CancelledKeyException e) {
        // Closed, and waiters are told of the close: there is nothing to forget.
        assert !key.isValid();
      }
    }
    selector.selectNow(fire);
  }

  /**
   * Has the system asked anew for channels of a selector that works: it may have refused them a
   * moment ago.
   *
   * @param keys those that were not found ready since they were asked for
   * @param fire is told of what is ready
   */
  public static void askAnew(
      Selector selector, Collection<SelectionKey> keys, Consumer<SelectionKey> fire)
      throws IOException {
    SelectionKey[] asked = keys.toArray(new SelectionKey[0]);
    int[] ops = new int[asked.length];
    int all = 0;
    for (int i = 0; i < asked.length; i++) {
      try {
        ops[i] = asked[i].interestOps();
        all |= ops[i];
      } catch (CancelledKeyException e) {
        // Closed, and waiters are told of the close.
        assert !asked[i].isValid();
      }
    }
    if (all == 0) {
      return;
    }
    List<SelectionKey> ready = new ArrayList<>();
    try {
      forget(selector, keys, ready::add);
    } finally {
      for (int i = 0; i < asked.length; i++) {
        if (ops[i] != 0) {
          try {
            asked[i].interestOps(ops[i]);
          } catch (CancelledKeyException e) {
            // As above.
            assert !asked[i].isValid();
          }
        }
      }
    }
    ready.forEach(fire);
  }

  private @Nullable SelectableChannel always() throws IOException {
    lock.lock();
    try {
      if (closed) {
        return null;
      }
      Pipe present = pipe;
      if (present == null) {
        present = Pipe.open();
        pipe = present;
        present.sink().configureBlocking(false);
      }
      return present.sink();
    } finally {
      lock.unlock();
    }
  }

  /** Gives its descriptors back. */
  @Override
  public final void close() throws IOException {
    Pipe last;
    lock.lock();
    try {
      closed = true;
      last = pipe;
      pipe = null;
    } finally {
      lock.unlock();
    }
    if (last != null) {
      last.sink().close();
      last.source().close();
    }
  }
}
