// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.memory;

import io.penstock.channel.Endpoint;
import io.penstock.error.AddressException;
import io.penstock.error.AddressException.Kind;
import io.penstock.error.ConnectionResetException;
import io.penstock.spi.ChannelDriver;
import io.penstock.spi.ListenerDriver;
import io.penstock.spi.ProviderContext;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** Where those meet who connect to a name. */
final class MemoryListener implements ListenerDriver {
  private record Caller(MemoryPair pair, CompletableFuture<ChannelDriver> result) {}

  private final Endpoint endpoint;
  private final int backlog;
  private final Runnable onClose;
  private final ReentrantLock lock = new ReentrantLock();
  private final Queue<ChannelDriver> connected = new ArrayDeque<>();
  private final Queue<Caller> waiting = new ArrayDeque<>();
  private boolean closed;
  private volatile Runnable ready = () -> {};

  MemoryListener(Endpoint endpoint, int backlog, Runnable onClose) {
    this.endpoint = endpoint;
    this.backlog = backlog;
    this.onClose = onClose;
  }

  /**
   * Connects, at once or when there is room among those who wait to be accepted.
   *
   * @param shown the caller's address
   * @param pair whose left is the caller's
   */
  CompletableFuture<ChannelDriver> connect(String shown, MemoryPair pair) {
    Caller caller = new Caller(pair, new CompletableFuture<>());
    boolean refused;
    boolean now;
    lock.lock();
    try {
      refused = closed;
      now = !closed && connected.size() < backlog;
      if (now) {
        connected.add(pair.right());
      } else if (!refused) {
        waiting.add(caller);
      }
    } finally {
      lock.unlock();
    }
    if (refused) {
      caller.result.completeExceptionally(refused(shown));
    } else if (now) {
      caller.result.complete(pair.left());
      ready.run();
    } else {
      CompletableFuture<?> unused = caller.result.whenComplete((driver, failure) -> forget(caller));
    }
    return caller.result;
  }

  static AddressException refused(String shown) {
    return new AddressException(Kind.REFUSED, shown, "nobody listens to that name", null);
  }

  private void forget(Caller caller) {
    lock.lock();
    try {
      waiting.remove(caller);
    } finally {
      lock.unlock();
    }
  }

  @Override
  public @Nullable ChannelDriver accept(ProviderContext context) {
    ChannelDriver accepted;
    Caller next;
    lock.lock();
    try {
      accepted = connected.poll();
      next = waiting.poll();
      if (next != null) {
        connected.add(next.pair.right());
      }
    } finally {
      lock.unlock();
    }
    if (next != null && !next.result.complete(next.pair.left())) {
      // Given up meanwhile: whoever is accepted in its place sees that.
      next.pair.left().abort(new ConnectionResetException(endpoint.toString(), "given up", 0));
    }
    return accepted;
  }

  @Override
  public Endpoint endpoint() {
    return endpoint;
  }

  @Override
  public boolean ready() {
    lock.lock();
    try {
      return !connected.isEmpty();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void onReady(Runnable callback) {
    ready = callback;
  }

  @Override
  public void close() {
    List<ChannelDriver> unaccepted;
    List<Caller> callers;
    lock.lock();
    try {
      if (closed) {
        return;
      }
      closed = true;
      unaccepted = new ArrayList<>(connected);
      callers = new ArrayList<>(waiting);
      connected.clear();
      waiting.clear();
    } finally {
      lock.unlock();
    }
    onClose.run();
    String name = endpoint.toString();
    unaccepted.forEach(
        driver ->
            driver.abort(
                new ConnectionResetException(name, "closed before the channel was accepted", 0)));
    callers.forEach(caller -> caller.result.completeExceptionally(refused(name)));
  }
}
