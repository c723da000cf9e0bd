// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.client;

import io.penstock.channel.Channel;
import io.penstock.error.StreamClosedException;
import io.penstock.error.StreamClosedWhileWaitingException;
import io.penstock.ssh.impl.Awaiting;
import io.penstock.ssh.impl.x11.Cookie;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Takes the channels of X clients that show a cookie: for a handler, or to be accepted. */
final class ToDisplay {
  /** How many may wait to be accepted. */
  private static final int MAX_WAITING = 16;

  private final SessionDriver session;
  private final Cookie cookie;
  private final boolean single;
  private final @Nullable Consumer<Channel> handler;
  private final AtomicBoolean used = new AtomicBoolean();

  private final ReentrantLock lock = new ReentrantLock();
  // All guarded by the lock.
  private final Queue<Channel> waiting = new ArrayDeque<>();
  private final Queue<CompletableFuture<Channel>> accepting = new ArrayDeque<>();
  private boolean closed;

  /**
   * Starts without clients.
   *
   * @param session the one that has asked for them
   * @param cookie what they have to show
   * @param single whether only one is expected
   * @param handler gets each; null to let them wait
   */
  ToDisplay(
      SessionDriver session, Cookie cookie, boolean single, @Nullable Consumer<Channel> handler) {
    this.session = session;
    this.cookie = cookie;
    this.single = single;
    this.handler = handler;
  }

  SessionDriver session() {
    return session;
  }

  Cookie cookie() {
    return cookie;
  }

  /** Whether they wait to be accepted. */
  boolean queues() {
    return handler == null;
  }

  /** Whether an X client may still come. */
  boolean expectsMore() {
    return !single || !used.get();
  }

  /** Whether one more client may come; if so, it is counted at once. */
  boolean admits() {
    return !single || used.compareAndSet(false, true);
  }

  /** One has come. */
  void take(Channel channel) {
    if (handler != null) {
      handler.accept(channel);
      return;
    }
    CompletableFuture<Channel> first;
    boolean kept;
    lock.lock();
    try {
      first = accepting.poll();
      kept = first == null && !closed && waiting.size() < MAX_WAITING;
      if (kept) {
        waiting.add(channel);
      }
    } finally {
      lock.unlock();
    }
    if (first != null) {
      first.complete(channel);
    } else if (!kept) {
      channel.abort(new IOException(channel.name() + ": nobody accepts it"));
    }
  }

  /** Waits for the next. */
  Channel accept(Wait wait) throws IOException {
    CompletableFuture<Channel> mine = new CompletableFuture<>();
    lock.lock();
    try {
      Channel next = waiting.poll();
      if (next != null) {
        return next;
      }
      if (closed) {
        throw new StreamClosedException(session.toString());
      }
      accepting.add(mine);
    } finally {
      lock.unlock();
    }
    try {
      return Awaiting.await(mine, wait, session.toString(), "an X client");
    } catch (IOException e) {
      lock.lock();
      try {
        boolean unused = accepting.removeIf(each -> each == mine);
      } finally {
        lock.unlock();
      }
      // One that has come meanwhile is not lost.
      Channel late = mine.isCompletedExceptionally() ? null : mine.getNow(null);
      if (late != null) {
        return late;
      }
      // Whichever side has ended the session: no client comes any more.
      throw e instanceof StreamClosedWhileWaitingException
          ? new StreamClosedException(session.toString())
          : e;
    }
  }

  /** The session is over: no client comes any more. */
  void close() {
    List<CompletableFuture<Channel>> woken;
    List<Channel> unclaimed;
    lock.lock();
    try {
      closed = true;
      woken = new ArrayList<>(accepting);
      accepting.clear();
      unclaimed = new ArrayList<>(waiting);
      waiting.clear();
    } finally {
      lock.unlock();
    }
    IOException why = new StreamClosedException(session.toString());
    woken.forEach(each -> each.completeExceptionally(why));
    unclaimed.forEach(each -> each.abort(why));
  }
}
