// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.channel;

import io.penstock.error.StreamClosedException;
import io.penstock.spi.ProviderContext;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The channels of a listener that wait to be accepted, and the places of those that are about to.
 * Safe for use by any thread; no method waits.
 */
public final class Backlog {
  private final String name;
  private final int most;
  private volatile Runnable ready = () -> {};

  private final ReentrantLock lock = new ReentrantLock();
  // All guarded by the lock.
  private final Queue<Acceptable> waiting = new ArrayDeque<>();
  private int reserved;
  private boolean closed;

  /**
   * An empty one.
   *
   * @param name the listener's, for errors
   * @param most so many may wait
   */
  public Backlog(String name, int most) {
    this.name = name;
    this.most = most;
  }

  /**
   * Keeps a place for a channel whose peer is about to be told that it has it.
   *
   * @return false if there is none, or it is closed
   */
  public boolean reserve() {
    lock.lock();
    try {
      if (closed || waiting.size() + reserved >= most) {
        return false;
      }
      reserved++;
      return true;
    } finally {
      lock.unlock();
    }
  }

  /** Gives a place back: nobody will be offered for it. */
  public void giveBack() {
    lock.lock();
    try {
      reserved--;
    } finally {
      lock.unlock();
    }
  }

  /** Puts a channel in its place, whose peer was told; ends it when nobody accepts any more. */
  public void offer(Acceptable driver) {
    boolean late;
    lock.lock();
    try {
      reserved--;
      late = closed;
      if (!late) {
        waiting.add(driver);
      }
    } finally {
      lock.unlock();
    }
    if (late) {
      driver.abort(new StreamClosedException(name));
    } else {
      ready.run();
    }
  }

  /** Hands out who has waited longest; null for nobody now. */
  public @Nullable Acceptable accept(ProviderContext channel) {
    Acceptable driver;
    lock.lock();
    try {
      driver = waiting.poll();
    } finally {
      lock.unlock();
    }
    if (driver != null) {
      driver.accepted(channel);
    }
    return driver;
  }

  /** Whether nobody waits. */
  public boolean isEmpty() {
    lock.lock();
    try {
      return waiting.isEmpty();
    } finally {
      lock.unlock();
    }
  }

  /** Names what is run when there is somebody to accept. */
  public void onReady(Runnable callback) {
    ready = callback;
  }

  /** Runs it, for another reason. */
  public void wake() {
    ready.run();
  }

  /**
   * Nobody accepts any more.
   *
   * @return who has waited, to be ended
   */
  public List<Acceptable> close() {
    lock.lock();
    try {
      closed = true;
      List<Acceptable> unclaimed = new ArrayList<>(waiting);
      waiting.clear();
      return unclaimed;
    } finally {
      lock.unlock();
    }
  }
}
