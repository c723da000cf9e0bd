// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.engine;

import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A selector for one thread that waits for one channel. It costs two descriptors, and saves two
 * thread switches: the system wakes the waiting thread itself, not the reactor, which would have to
 * notify it.
 *
 * <p>It stays registered between the waits of one end. One thread at a time uses it: the thread
 * that has taken it.
 */
public final class Lookout {
  private static final int FREE = 0;
  private static final int TAKEN = 1;
  private static final int CLOSED = 2;

  final Selector selector;
  private final Canary canary;
  private final AtomicInteger state = new AtomicInteger(TAKEN);
  private final Consumer<SelectionKey> fire = this::fire;
  // Written by the thread that has taken it.
  private volatile @Nullable Watched end;
  private volatile @Nullable SelectionKey key;
  private volatile long freeSince;
  private volatile boolean stale;
  private boolean found;
  // How often the system was asked anew for the channel.
  private int rounds;

  /** One that its maker has taken. */
  Lookout(Canary canary) throws IOException {
    this.canary = canary;
    selector = canary.open();
  }

  @SuppressWarnings("unused") // There is but one key.
  private void fire(SelectionKey ready) {
    found = true;
  }

  /** Takes it, if it is free. */
  boolean take() {
    return state.compareAndSet(FREE, TAKEN);
  }

  /** Whether this owner was the last for which it was registered. */
  public boolean isOf(Watched owner) {
    return end == owner;
  }

  /** Whether it is unused, or was not used for the given time. */
  boolean isSpare(long now, long nanos) {
    if (state.get() != FREE) {
      return false;
    }
    // A closed end may be drained for a while, which needs no selector of ours.
    Watched last = end;
    return last == null || last.isClosed() || now - freeSince > nanos;
  }

  /** Whether it keeps a closed channel from letting its descriptor go. */
  private boolean holdsClosed() {
    SelectionKey current = key;
    return current != null && !current.channel().isOpen();
  }

  /**
   * Watches an end's channel from now on. Only for the thread that has taken it.
   *
   * @throws IOException if the channel is closed, or the system refuses
   */
  void watch(Watched owner, SelectableChannel channel, int ops) throws IOException {
    SelectionKey current = key;
    if (current != null && current.isValid() && current.channel() == channel) {
      if (current.interestOps() != ops) {
        current.interestOps(ops);
      }
    } else {
      if (current != null) {
        forget(current);
      }
      SelectionKey fresh = channel.register(selector, ops);
      rounds = 0;
      key = fresh;
      // A flush before that line has not seen the key, and so will not wake the thread that waits
      // for it.
      if (!fresh.channel().isOpen()) {
        throw new ClosedChannelException();
      }
    }
    end = owner;
    found = false;
  }

  private void forget(SelectionKey current) throws IOException {
    current.cancel();
    selector.selectNow(fire);
    key = null;
    end = null;
  }

  /**
   * Waits until the channel is ready, {@link #wakeup} is called, or the thread is interrupted. Only
   * for the thread that has taken it.
   *
   * @param nanos how long at most, to the next millisecond
   * @return whether the channel is ready, or a try is due for another reason that cannot be waited
   *     for
   */
  public boolean await(long nanos) {
    try {
      boolean check = rounds < Canary.ROUNDS && nanos > Canary.pause(rounds);
      long most = check ? Canary.pause(rounds) : nanos;
      selector.select(
          fire, most == Long.MAX_VALUE ? 0 : Math.max(1, TimeUnit.NANOSECONDS.toMillis(most)));
      if (check && !found) {
        rounds++;
        if (!canary.works(selector, fire)) {
          throw new IOException(Canary.refused());
        }
        SelectionKey unsure = key;
        if (!found && unsure != null) {
          Canary.askAnew(selector, List.of(unsure), fire);
        }
      }
      if (found) {
        // So the system watches it. The next wait needs no limit, for which it would set a timer.
        rounds = Canary.ROUNDS;
      }
    } catch (IOException | ClosedSelectorException e) {
      // The try that follows says what is wrong; a next wait here would fail at once, and again.
      Lookouts.LOG.log(System.Logger.Level.DEBUG, "a selector failed and is not used any more", e);
      close();
      return true;
    }
    SelectionKey current = key;
    return found || current == null || !current.isValid();
  }

  /** Ends the wait that is under way, or else the next one. Any thread. */
  public void wakeup() {
    selector.wakeup();
  }

  /** Leaves it to the next thread that takes it. */
  public void free(long now) {
    freeSince = now;
    state.compareAndSet(TAKEN, FREE);
    // The channel may have been closed while it was being registered, too.
    if (stale || holdsClosed() || state.get() == CLOSED) {
      letGo();
    }
  }

  /**
   * Forgets its channel if that was closed, now or as soon as the waiting thread has gone. Any
   * thread.
   */
  void flush() {
    if (holdsClosed()) {
      // Before the look at the thread that has taken it; that thread looks at this after leaving.
      stale = true;
      letGo();
    }
  }

  private void letGo() {
    if (state.get() == CLOSED) {
      shut();
      return;
    }
    if (!take()) {
      selector.wakeup();
      return;
    }
    stale = false;
    try {
      SelectionKey current = key;
      if (current != null && holdsClosed()) {
        forget(current);
      }
    } catch (IOException | ClosedSelectorException e) {
      close();
      return;
    }
    free(freeSince);
  }

  /** Closes the selector; a waiting thread stops waiting. Any thread. */
  void close() {
    state.set(CLOSED);
    shut();
  }

  private void shut() {
    try {
      selector.close();
    } catch (IOException e) {
      Lookouts.LOG.log(System.Logger.Level.WARNING, "a selector could not be closed", e);
    }
  }
}
