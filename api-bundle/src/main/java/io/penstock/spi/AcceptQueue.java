// SPDX-License-Identifier: Apache-2.0
package io.penstock.spi;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ProviderType;

/**
 * The channels of a listener that wait to be accepted, and the places of those that are about to.
 * Safe for use by any thread; no method waits.
 *
 * @param <D> what waits
 */
@ProviderType
public final class AcceptQueue<D> {
  private final int most;
  private volatile Runnable ready = () -> {};

  private final ReentrantLock lock = new ReentrantLock();
  // All guarded by the lock.
  private final Queue<D> waiting = new ArrayDeque<>();
  private int reserved;
  private boolean closed;

  /**
   * An empty one.
   *
   * @param most so many may wait
   */
  public AcceptQueue(int most) {
    this.most = most;
  }

  /**
   * Keeps a place for a channel whose peer is about to be told that it has it.
   *
   * @return false if there is none, or it is closed
   */
  public boolean reserve() {
    return take(1);
  }

  /**
   * Whether one more may wait.
   *
   * @return false if there is no place, or it is closed
   */
  public boolean hasRoom() {
    return take(0);
  }

  private boolean take(int places) {
    lock.lock();
    try {
      boolean room = !closed && waiting.size() + reserved < most;
      if (room) {
        reserved += places;
      }
      return room;
    } finally {
      lock.unlock();
    }
  }

  /** Gives a place back: no channel will be put into it. */
  public void giveBack() {
    lock.lock();
    try {
      reserved--;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Puts a channel into the place that was kept for it, and tells of it.
   *
   * @param channel waits from now on
   * @return false after the close: the caller must end the channel
   */
  public boolean fill(D channel) {
    return put(channel, 1);
  }

  /**
   * Puts a channel behind the others, whether or not there is a place, and tells of it.
   *
   * @param channel waits from now on
   * @return false after the close: the caller must end the channel
   */
  public boolean add(D channel) {
    return put(channel, 0);
  }

  private boolean put(D channel, int places) {
    lock.lock();
    try {
      reserved -= places;
      if (closed) {
        return false;
      }
      waiting.add(channel);
    } finally {
      lock.unlock();
    }
    wake();
    return true;
  }

  /**
   * Hands out the channel that has waited longest.
   *
   * @return null if none waits
   */
  public @Nullable D poll() {
    lock.lock();
    try {
      return waiting.poll();
    } finally {
      lock.unlock();
    }
  }

  /**
   * Whether a channel waits.
   *
   * @return true if {@link #poll} would hand one out
   */
  public boolean ready() {
    lock.lock();
    try {
      return !waiting.isEmpty();
    } finally {
      lock.unlock();
    }
  }

  /**
   * Names what is run when there is a channel to accept.
   *
   * @param callback as {@link EndDriver#onReady} says
   */
  public void onReady(Runnable callback) {
    ready = callback;
  }

  /** Runs it, for another reason. */
  public void wake() {
    ready.run();
  }

  /**
   * Takes no more channels.
   *
   * @return those that have waited, to be ended by the caller; none at the second call
   */
  public List<D> close() {
    lock.lock();
    try {
      closed = true;
      List<D> unclaimed = new ArrayList<>(waiting);
      waiting.clear();
      return unclaimed;
    } finally {
      lock.unlock();
    }
  }
}
