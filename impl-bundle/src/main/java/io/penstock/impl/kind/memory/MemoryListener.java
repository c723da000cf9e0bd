// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.memory;

import io.penstock.channel.Endpoint;
import io.penstock.error.AddressException;
import io.penstock.error.AddressException.Kind;
import io.penstock.error.ConnectionResetException;
import io.penstock.spi.AcceptQueue;
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

/** Accepts the callers that connect to a name. */
final class MemoryListener implements ListenerDriver {
  private record Caller(MemoryPair pair, CompletableFuture<ChannelDriver> result) {}

  private final Endpoint endpoint;
  private final Runnable onClose;
  private final ReentrantLock lock = new ReentrantLock();
  private final AcceptQueue<ChannelDriver> connected;
  private final Queue<Caller> waiting = new ArrayDeque<>();
  private boolean closed;

  MemoryListener(Endpoint endpoint, int backlog, Runnable onClose) {
    this.endpoint = endpoint;
    this.connected = new AcceptQueue<>(backlog);
    this.onClose = onClose;
  }

  /**
   * Connects, at once or when there is room among the callers that wait to be accepted.
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
      // Callers that wait are let in before a caller that comes now.
      now = !closed && waiting.isEmpty() && connected.reserve();
      if (!now && !refused) {
        waiting.add(caller);
      }
    } finally {
      lock.unlock();
    }
    if (now && connected.fill(pair.right())) {
      caller.result.complete(pair.left());
    } else if (now || refused) {
      caller.result.completeExceptionally(refused(shown));
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
      boolean unused = waiting.removeIf(each -> each.result == caller.result);
    } finally {
      lock.unlock();
    }
  }

  @Override
  public @Nullable ChannelDriver accept(ProviderContext context) {
    ChannelDriver accepted = connected.poll();
    Caller next = accepted == null ? null : next();
    if (next == null) {
      return accepted;
    }
    if (!connected.fill(next.pair.right())) {
      next.result.completeExceptionally(refused(endpoint.name()));
    } else if (!next.result.complete(next.pair.left())) {
      // Its caller has given up meanwhile: the acceptor of the other end sees that.
      next.pair.left().abort(new ConnectionResetException(endpoint.name(), "given up", 0));
    }
    return accepted;
  }

  /**
   * The caller that has waited longest, with a place kept for it; null for no caller or no place.
   */
  private @Nullable Caller next() {
    lock.lock();
    try {
      return !waiting.isEmpty() && connected.reserve() ? waiting.poll() : null;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public Endpoint endpoint() {
    return endpoint;
  }

  @Override
  public boolean ready() {
    return connected.ready();
  }

  @Override
  public void onReady(Runnable callback) {
    connected.onReady(callback);
  }

  @Override
  public void close() {
    List<Caller> callers;
    lock.lock();
    try {
      if (closed) {
        return;
      }
      closed = true;
      callers = new ArrayList<>(waiting);
      waiting.clear();
    } finally {
      lock.unlock();
    }
    List<ChannelDriver> unaccepted = connected.close();
    onClose.run();
    String name = endpoint.name();
    unaccepted.forEach(
        driver ->
            driver.abort(
                new ConnectionResetException(name, "closed before the channel was accepted", 0)));
    callers.forEach(caller -> caller.result.completeExceptionally(refused(name)));
  }
}
