// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.core;

import io.penstock.channel.Channel;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Listener;
import io.penstock.error.WouldBlockException;
import io.penstock.spi.ListenerDriver;
import io.penstock.stream.Signal;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** A listener over a driver. */
public final class ListenerEnd extends End implements Listener {
  /** Makes a channel of a peer that is there. */
  @FunctionalInterface
  public interface Acceptor {
    /** Accepts; null for nobody now. */
    @Nullable Channel accept(ListenerDriver driver) throws IOException;
  }

  private static final System.Logger LOG = System.getLogger("io.penstock");

  private final ListenerDriver listener;
  private final Acceptor acceptor;
  private final int maxConnections;
  private final AtomicInteger connections = new AtomicInteger();
  private final Level acceptable = new Level(this, this::isAcceptable);
  private final CompletableFuture<Void> released = new CompletableFuture<>();
  private final ReentrantLock aheadLock = new ReentrantLock();
  // Who was accepted only to find out whether there is somebody.
  private final ArrayDeque<Channel> ahead = new ArrayDeque<>(0);
  private volatile boolean paused;
  private volatile boolean selected;

  /** A listener that is bound already. */
  public ListenerEnd(
      String name, Engine engine, ListenerDriver driver, Acceptor acceptor, int maxConnections) {
    super(name, engine, Wait.forever());
    this.listener = driver;
    this.acceptor = acceptor;
    this.maxConnections = maxConnections;
    attach(driver);
  }

  @Override
  long amount() {
    return 0;
  }

  @Override
  public Endpoint endpoint() {
    return listener.endpoint();
  }

  private boolean held() {
    return paused || connections.get() >= maxConnections;
  }

  private @Nullable Channel tryAccept(boolean waited) throws IOException {
    check(waited);
    Channel channel = pollAhead();
    if (channel != null) {
      return channel;
    }
    if (held()) {
      return null;
    }
    try {
      channel = acceptor.accept(listener);
    } catch (IOException e) {
      if (isClosed()) {
        throw closedFault(waited);
      }
      throw Faults.again(name(), e);
    }
    if (channel == null) {
      selected = false;
      cleared(acceptable);
      return null;
    }
    connections.incrementAndGet();
    channel
        .closed()
        .whenComplete(
            (done, failure) -> {
              if (connections.getAndDecrement() >= maxConnections) {
                wake();
              }
            });
    return channel;
  }

  private @Nullable Channel pollAhead() {
    aheadLock.lock();
    try {
      return paused ? null : ahead.poll();
    } finally {
      aheadLock.unlock();
    }
  }

  private boolean hasAhead() {
    aheadLock.lock();
    try {
      return !ahead.isEmpty();
    } finally {
      aheadLock.unlock();
    }
  }

  @Override
  public boolean likely() {
    return isClosed()
        || failure() != null
        || (!paused && hasAhead())
        || (!held() && listener.ready());
  }

  @Override
  public void selected() {
    selected = true;
  }

  @Override
  boolean tookSelection() {
    return selected && !held();
  }

  @Override
  public void arm() {
    // While nobody may be accepted, a peer that waits in the backlog must not wake us over and
    // over.
    if (!held()) {
      super.arm();
    }
  }

  @Override
  public int interest() {
    return held() ? 0 : super.interest();
  }

  private boolean isAcceptable() {
    if (likely()) {
      return true;
    }
    if (held() || listener.selectable() == null || !tryEnter()) {
      return false;
    }
    try {
      Channel channel = tryAccept(false);
      if (channel != null) {
        aheadLock.lock();
        try {
          ahead.add(channel);
        } finally {
          aheadLock.unlock();
        }
      }
      return channel != null;
    } catch (IOException e) {
      // The accept will meet it again, or it has passed.
      LOG.log(System.Logger.Level.DEBUG, name() + ": looking for a peer failed", e);
      return true;
    } finally {
      exit();
    }
  }

  @Override
  public Channel accept(Wait wait) throws IOException {
    Limit limit = begin(Objects.requireNonNull(wait, "wait"));
    if (limit == null) {
      throw new WouldBlockException(name(), "another accept has the turn", 0);
    }
    try {
      while (true) {
        Channel channel = tryAccept(limit.hasWaited());
        if (channel != null) {
          return channel;
        }
        if (!await(limit, 0)) {
          throw new WouldBlockException(name(), "nobody to accept now", 0);
        }
      }
    } finally {
      exit();
    }
  }

  /** Accepts without waiting and without an exception for nobody. */
  public @Nullable Channel acceptNow() throws IOException {
    if (!tryEnter()) {
      return null;
    }
    try {
      return tryAccept(false);
    } finally {
      exit();
    }
  }

  @Override
  public void pause() {
    paused = true;
    cleared(acceptable);
  }

  @Override
  public void resume() {
    paused = false;
    wake();
  }

  @Override
  public Signal acceptable() {
    return acceptable;
  }

  @Override
  public boolean isOpen() {
    return !isClosed();
  }

  @Override
  public CompletionStage<Void> closed() {
    return released.minimalCompletionStage();
  }

  @Override
  public void close() throws IOException {
    if (!markClosed()) {
      return;
    }
    try {
      listener.close();
    } finally {
      engine.flushClosed();
      Channel channel;
      aheadLock.lock();
      try {
        channel = ahead.poll();
      } finally {
        aheadLock.unlock();
      }
      if (channel != null) {
        channel.abort(closedFault(false));
      }
      closedNow();
      released.complete(null);
    }
  }
}
