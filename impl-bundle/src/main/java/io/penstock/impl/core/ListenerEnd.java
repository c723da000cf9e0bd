// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.core;

import io.penstock.channel.Channel;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Listener;
import io.penstock.error.HandleLimitException;
import io.penstock.error.WouldBlockException;
import io.penstock.impl.engine.Crowd;
import io.penstock.impl.engine.Engine;
import io.penstock.impl.engine.Faults;
import io.penstock.impl.engine.Lookouts;
import io.penstock.impl.engine.Waiter;
import io.penstock.runtime.PenstockEvent;
import io.penstock.spi.AcceptQueue;
import io.penstock.spi.AcceptRest;
import io.penstock.spi.EndDriver;
import io.penstock.spi.ListenerDriver;
import io.penstock.spi.LogField;
import io.penstock.spi.Messages;
import io.penstock.stream.Signal;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * A listener over a driver.
 *
 * <p>When the system has no descriptor left, the peer stays in the backlog and the selector would
 * find it there over and over. So accepting rests for a while, longer each time, and callers go on
 * waiting. One line in the log reports it.
 */
public final class ListenerEnd extends End implements Listener {
  private static final System.Logger LOG = Messages.log("core");

  private final ListenerDriver listener;
  private final Acceptor acceptor;
  private final int maxConnections;
  private final Crowd crowd;
  private final AtomicInteger connections = new AtomicInteger();
  private final Level acceptable = new Level(this, this::isAcceptable);
  private final CompletableFuture<Void> released = new CompletableFuture<>();
  // A channel that was accepted only to find out whether a peer waits.
  private final AcceptQueue<Channel> ahead = new AcceptQueue<>(Integer.MAX_VALUE);
  private volatile boolean paused;
  private volatile boolean exhausted;
  private volatile boolean selected;
  // Belongs to the holder of the turn; read by any thread.
  private long accepted;
  private final AcceptRest rest;

  /**
   * A listener that is bound already.
   *
   * @param acceptor calls {@link #left} once for each channel that is over
   */
  public ListenerEnd(
      String name, Engine engine, ListenerDriver driver, Acceptor acceptor, int maxConnections) {
    super(name, engine, Wait.forever());
    this.listener = driver;
    this.acceptor = acceptor;
    this.rest = new AcceptRest(engine.parker()::nanoTime);
    this.maxConnections = maxConnections;
    this.crowd = new Crowd(engine.parker());
    attach(driver);
    if (driver.selectable() != null) {
      rest.reserve();
      // Peers may take all descriptors before a caller waits for the first time.
      engine.prepareToAwait();
    }
  }

  @Override
  void keep(EndDriver value) {}

  @Override
  public EndDriver driver() {
    return listener;
  }

  @Override
  long amount() {
    return 0;
  }

  @Override
  String awaited() {
    return "a peer";
  }

  /** No bytes move here. */
  @Override
  public boolean show(Onlooker onlooker) {
    return false;
  }

  @Override
  public void hide(Onlooker onlooker) {}

  @Override
  public long buffered() {
    return 0;
  }

  @Override
  public Endpoint endpoint() {
    return listener.endpoint();
  }

  // ---- what it does, for operators

  /** How many peers were accepted. */
  public long accepted() {
    return accepted;
  }

  /** How many of the accepted channels are open. */
  public int connections() {
    return connections.get();
  }

  /** How many may be. */
  public int maxConnections() {
    return maxConnections;
  }

  /** Why it does not accept now; null if it does. */
  public @Nullable String holds() {
    if (paused) {
      return "paused";
    }
    if (exhausted) {
      return "exhausted";
    }
    return connections.get() >= maxConnections ? "full" : null;
  }

  /** Tells operators of what has happened to this listener. */
  public void tell(PenstockEvent.Type type, @Nullable Throwable cause) {
    engine.events().tell(type, "listener", name(), endpoint(), null, cause);
  }

  private boolean held() {
    return paused || exhausted || connections.get() >= maxConnections;
  }

  private @Nullable Channel tryAccept(boolean waited) throws IOException {
    check(waited);
    Channel channel = paused ? null : ahead.poll();
    if (channel != null) {
      return channel;
    }
    if (held()) {
      return null;
    }
    try {
      channel = acceptor.accept();
    } catch (IOException | RuntimeException | Error e) {
      if (isClosed()) {
        throw closedFault(waited);
      }
      // Want of memory, too, passes when something is closed, here or elsewhere.
      if (e instanceof HandleLimitException || e instanceof OutOfMemoryError) {
        note(e);
        rest(e);
        return null;
      }
      note(e);
      tell(PenstockEvent.Type.FAILED, e);
      throw Faults.again(name(), e);
    }
    rest.over();
    if (channel == null) {
      selected = false;
      cleared(acceptable);
      return null;
    }
    accepted++;
    if (connections.incrementAndGet() == maxConnections) {
      crowd.full(name(), maxConnections);
    }
    return channel;
  }

  /** One of the accepted channels is over. Any thread. */
  public void left() {
    if (connections.getAndDecrement() >= maxConnections) {
      wake();
    }
  }

  /** Accepts no peer until a descriptor may have been closed, which is not reported to us. */
  private void rest(Throwable cause) {
    rest.tell(
        () ->
            LOG.log(
                System.Logger.Level.WARNING,
                "{0}: peers wait to be accepted until the system has again what it lacks: {1}",
                name(),
                LogField.cause(cause.getMessage())));
    exhausted = true;
    cleared(acceptable);
    try {
      Future<?> unused = engine.schedule(rest.next(), this::goOn);
    } catch (RuntimeException | Error e) {
      // Nothing would end the pause; the caller's own takes its place.
      exhausted = false;
      throw e;
    }
  }

  private void goOn() {
    exhausted = false;
    wake();
  }

  @Override
  public boolean likely() {
    return isClosed()
        || failure() != null
        || (!paused && ahead.ready())
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

  /** After a close the address has to be free at once, and not when the waiting callers leave. */
  @Override
  @Nullable Lookouts lookouts() {
    return null;
  }

  @Override
  void arm(@Nullable NextTry by) {
    // While accepting rests, a peer that waits in the backlog must not wake us over and over.
    if (!held()) {
      super.arm(by);
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
    boolean took = false;
    try {
      Channel channel = tryAccept(false);
      if (channel == null) {
        return false;
      }
      took = true;
      if (!ahead.add(channel)) {
        channel.abort(closedFault(false));
      }
      return true;
    } catch (IOException | RuntimeException | Error e) {
      // The accept will meet it again, or it has passed.
      LOG.log(System.Logger.Level.DEBUG, "{0}: looking for a peer failed", name(), e);
      return true;
    } finally {
      exit();
      if (took) {
        // A poller or a relay may wait for this peer, and no selector finds it any more.
        wake();
      }
    }
  }

  @Override
  void refused() {
    cleared(acceptable);
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

  /** Accepts without waiting, and without an exception if no peer waits. */
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
  public <T> Optional<T> facet(Class<T> type) {
    return acceptor.facet(Objects.requireNonNull(type, "type"));
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
    // A poller leaves once it sees the close, and may not have let go of the channel then.
    Waiter[] before = waiters();
    if (!markClosed()) {
      return;
    }
    try {
      listener.close();
    } finally {
      // Only then is the address free, as the caller of close expects.
      for (Waiter waiter : before) {
        if (waiter instanceof Keeper keeper) {
          keeper.letGo();
        }
      }
      engine.settleClosed();
      rest.close();
      ahead.close().forEach(channel -> channel.abort(closedFault(false)));
      closedNow();
      released.complete(null);
      tell(PenstockEvent.Type.CLOSED, null);
    }
  }
}
