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
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A listener over a driver.
 *
 * <p>When the system has no descriptor left, the peer stays in the backlog and the selector would
 * find it there over and over. So nobody is accepted for a while, longer each time, and whoever
 * waits goes on waiting: one line in the log tells of it.
 */
public final class ListenerEnd extends End implements Listener {
  /** Makes a channel of a peer that is there. */
  @FunctionalInterface
  public interface Acceptor {
    /** Accepts; null for nobody now. */
    @Nullable Channel accept(ListenerDriver driver) throws IOException;
  }

  /** Finds what a listener offers beyond accepting. */
  public interface Facets {
    /** The facet, if there is one. */
    <T> Optional<T> facet(Class<T> type);
  }

  private static final System.Logger LOG = System.getLogger("io.penstock");
  private static final Duration FIRST_PAUSE = Duration.ofMillis(10);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(1);
  private static final long QUIET_NANOS = Duration.ofMinutes(1).toNanos();

  private static final AtomicBoolean WARM = new AtomicBoolean();

  private final ListenerDriver listener;
  private final Acceptor acceptor;
  private final int maxConnections;
  private final AtomicInteger connections = new AtomicInteger();
  private final Level acceptable = new Level(this, this::isAcceptable);
  private final CompletableFuture<Void> released = new CompletableFuture<>();
  private final ReentrantLock aheadLock = new ReentrantLock();
  // Who was accepted only to find out whether there is somebody.
  private final ArrayDeque<Channel> ahead = new ArrayDeque<>(0);
  private volatile Facets facets;
  private volatile boolean paused;
  private volatile boolean exhausted;
  private volatile @Nullable SocketChannel spare;
  private volatile boolean selected;
  // With the turn.
  private Duration pause = FIRST_PAUSE;
  private boolean told;
  private long toldAt;

  /**
   * A listener that is bound already.
   *
   * @param acceptors makes the acceptor; given what to run once for each channel of it that is
   *     closed, on any thread
   */
  public ListenerEnd(
      String name,
      Engine engine,
      ListenerDriver driver,
      Function<Runnable, Acceptor> acceptors,
      int maxConnections) {
    super(name, engine, Wait.forever());
    this.listener = driver;
    this.acceptor = acceptors.apply(this::oneLess);
    this.maxConnections = maxConnections;
    this.facets = driver::facet;
    attach(driver);
    if (driver.selectable() != null) {
      reserve();
    }
  }

  /** Has somebody else than the driver offer facets. */
  public void facets(Facets value) {
    facets = value;
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
    return paused || exhausted || connections.get() >= maxConnections;
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
      if (isExhaustion(e)) {
        rest(e);
        return null;
      }
      throw Faults.again(name(), e);
    }
    pause = FIRST_PAUSE;
    if (channel == null) {
      selected = false;
      cleared(acceptable);
      return null;
    }
    connections.incrementAndGet();
    return channel;
  }

  private void oneLess() {
    if (connections.getAndDecrement() >= maxConnections) {
      wake();
    }
  }

  /**
   * Whether the system had no descriptor, or no memory for one, left: that passes when something is
   * closed, here or elsewhere. The system says so in words only. Here and not with other errors,
   * because a class that is needed for the first time now might not be found for the same want.
   */
  private static boolean isExhaustion(IOException failure) {
    String text = String.valueOf(failure.getMessage()).toLowerCase(Locale.ROOT);
    return text.contains("too many open files")
        || text.contains("no file descriptors")
        || text.contains("no buffer space")
        || text.contains("cannot allocate memory");
  }

  /** Accepts nobody until something may have been closed, of which nothing tells us. */
  private void rest(IOException cause) {
    long now = engine.parker().nanoTime();
    if (!told || now - toldAt > QUIET_NANOS) {
      told = tell(cause);
      toldAt = now;
    }
    exhausted = true;
    cleared(acceptable);
    try {
      Future<?> unused = engine.schedule(pause, this::goOn);
    } catch (RejectedExecutionException e) {
      LOG.log(System.Logger.Level.DEBUG, name() + ": accepts no more, everything is closing", e);
    }
    Duration twice = pause.multipliedBy(2);
    pause = twice.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : twice;
  }

  /** Returns whether the log has it. */
  private boolean tell(IOException cause) {
    // Loggers open files, too: the first line of the JDK's own reads the time zones.
    release(spare);
    try {
      LOG.log(
          System.Logger.Level.WARNING,
          "{0}: peers wait to be accepted until there are descriptors again: {1}",
          name(),
          cause.getMessage());
      return true;
    } catch (RuntimeException | Error e) {
      // There is nowhere to say so; the next try comes after the pause.
      return false;
    } finally {
      reserve();
    }
  }

  /** Keeps a descriptor for the moment when there are no others. */
  private void reserve() {
    try {
      if (!WARM.getAndSet(true)) {
        // The JDK opens a pair of sockets when it closes one for the first time, and if it cannot
        // it
        // never closes any again.
        SocketChannel.open().close();
      }
      SocketChannel fresh = SocketChannel.open();
      spare = fresh;
      if (isClosed()) {
        release(fresh);
      }
    } catch (IOException e) {
      spare = null;
    }
  }

  private static void release(@Nullable SocketChannel kept) {
    if (kept != null) {
      try {
        kept.close();
      } catch (IOException e) {
        LOG.log(System.Logger.Level.DEBUG, "a spare descriptor could not be closed", e);
      }
    }
  }

  private void goOn() {
    exhausted = false;
    wake();
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

  /** After a close the address has to be free at once, and not when whoever waits here leaves. */
  @Override
  @Nullable Lookouts lookouts() {
    return null;
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
      if (channel == null) {
        return false;
      }
      aheadLock.lock();
      try {
        ahead.add(channel);
      } finally {
        aheadLock.unlock();
      }
      if (isClosed()) {
        // A close marks first and then cuts who is here: one of the two sees the other.
        cutAhead();
      }
      return true;
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
  public <T> Optional<T> facet(Class<T> type) {
    return facets.facet(Objects.requireNonNull(type, "type"));
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

  private void cutAhead() {
    List<Channel> all;
    aheadLock.lock();
    try {
      all = List.copyOf(ahead);
      ahead.clear();
    } finally {
      aheadLock.unlock();
    }
    all.forEach(channel -> channel.abort(closedFault(false)));
  }

  @Override
  public void close() throws IOException {
    if (!markClosed()) {
      return;
    }
    try {
      listener.close();
    } finally {
      // Only then is the address free, as whoever has closed expects.
      engine.settleClosed();
      release(spare);
      cutAhead();
      closedNow();
      released.complete(null);
    }
  }
}
