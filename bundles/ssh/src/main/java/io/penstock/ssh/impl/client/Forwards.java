// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.client;

import io.penstock.channel.Channel;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Takes the channels that the server opens on one connection. A session that has asked for them
 * gets them until it ends.
 */
final class Forwards {
  /** How many may be open at once: the server decides when it opens them. */
  private static final int MAX_OPEN = 256;

  /**
   * Takes channels to an agent.
   *
   * @param session the one that has asked for them
   * @param handler gets each
   */
  record ToAgent(SessionDriver session, Consumer<Channel> handler) {}

  private final ReentrantLock lock = new ReentrantLock();
  // All guarded by the lock.
  private final Deque<ToAgent> agents = new ArrayDeque<>();
  private final List<ToDisplay> displays = new ArrayList<>();
  private int open;

  void add(ToAgent taker) {
    lock.lock();
    try {
      agents.push(taker);
    } finally {
      lock.unlock();
    }
  }

  void add(ToDisplay taker) {
    lock.lock();
    try {
      displays.add(taker);
    } finally {
      lock.unlock();
    }
  }

  void remove(ToDisplay taker) {
    lock.lock();
    try {
      displays.remove(taker);
    } finally {
      lock.unlock();
    }
  }

  /** A session is over. */
  void remove(SessionDriver session) {
    List<ToDisplay> over = new ArrayList<>();
    lock.lock();
    try {
      agents.removeIf(each -> each.session() == session);
      for (ToDisplay each : displays) {
        if (each.session() == session) {
          over.add(each);
        }
      }
      displays.removeAll(over);
    } finally {
      lock.unlock();
    }
    over.forEach(ToDisplay::close);
  }

  /**
   * The protocol does not say which session asks for the agent: it is the last one that wants it.
   */
  @Nullable ToAgent agent() {
    lock.lock();
    try {
      return agents.peek();
    } finally {
      lock.unlock();
    }
  }

  /** The sessions that wait for X clients. */
  List<ToDisplay> displays() {
    lock.lock();
    try {
      return List.copyOf(displays);
    } finally {
      lock.unlock();
    }
  }

  /** Counts one more channel, unless there are too many. */
  boolean enter() {
    lock.lock();
    try {
      if (open >= MAX_OPEN) {
        return false;
      }
      open++;
      return true;
    } finally {
      lock.unlock();
    }
  }

  /** One less. */
  void leave() {
    lock.lock();
    try {
      open--;
    } finally {
      lock.unlock();
    }
  }
}
