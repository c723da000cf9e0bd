// SPDX-License-Identifier: Apache-2.0
package io.penstock.tls;

import io.penstock.channel.Endpoint;
import io.penstock.error.HandshakeException;
import io.penstock.error.StreamClosedException;
import io.penstock.spi.ChannelDriver;
import io.penstock.spi.ListenerDriver;
import io.penstock.spi.ProviderContext;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.channels.SelectableChannel;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Takes connections and their handshakes in the background, and hands out those that are done: a
 * peer that says nothing keeps nobody waiting, and who is handed out is who it says it is.
 */
final class TlsListener implements ListenerDriver {
  private static final Logger LOG = System.getLogger("io.penstock");

  /** Handshakes that may be under way at once; for a further peer's another one is cut. */
  static final int HANDSHAKES = 1024;

  /** After a fault, until accepting is tried again: longer each time. */
  private static final Duration FIRST_PAUSE = Duration.ofMillis(10);

  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(1);

  /** Between two lines in the log about faults, or about peers refused for the same reason. */
  private static final Duration QUIET = Duration.ofMinutes(1);

  private final String name;
  private final ListenerDriver below;
  private final TlsOptions options;
  private final Material material;
  private final Buffers buffers;
  private final Crew crew;
  private final int backlog;
  private final ProviderContext context;
  private final Refusals refusals;
  private final AtomicInteger reasons = new AtomicInteger();
  private final AtomicBoolean armed = new AtomicBoolean();
  private volatile Runnable ready = () -> {};
  private volatile boolean closed;
  private volatile boolean crowded;
  // Whether the system has let nobody in; then it is tried again by whoever accepts.
  private volatile boolean failing;
  private final Spare spare = new Spare();
  // By the turn that comes of the reasons.
  private Duration pause = FIRST_PAUSE;
  private boolean told;
  private long toldAt;

  private final ReentrantLock lock = new ReentrantLock();
  // Guarded by the lock; the oldest first.
  private final Set<Handshake> shaking = new LinkedHashSet<>();
  // Guarded by the lock.
  private final Queue<TlsDriver> done = new ArrayDeque<>();

  TlsListener(
      String name,
      ListenerDriver below,
      TlsOptions options,
      Material material,
      Buffers buffers,
      Crew crew,
      int backlog,
      ProviderContext context) {
    this.name = name.isEmpty() ? below.endpoint().toString() : name;
    this.below = below;
    this.options = options;
    this.material = material;
    this.buffers = buffers;
    this.crew = crew;
    this.backlog = backlog;
    this.context = context;
    this.refusals = new Refusals(this.name, context, QUIET);
  }

  void begin() {
    below.onReady(this::wake);
    wake();
  }

  // ---- in the background

  private void wake() {
    if (!closed && reasons.getAndIncrement() == 0) {
      context.executor().execute(this::run);
    }
  }

  private void run() {
    int seen = reasons.get();
    while (true) {
      takeWhateverComes();
      int left = reasons.addAndGet(-seen);
      if (left == 0) {
        break;
      }
      seen = left;
    }
    if (failing) {
      // Only now, because whoever is told takes the turn.
      ready.run();
    }
  }

  /** A fault must not keep later peers waiting: it is tried again. */
  private void takeWhateverComes() {
    try {
      take();
    } catch (RuntimeException | Error e) {
      armed.set(false);
      tryLater(e);
    }
  }

  private boolean hasRoom() {
    lock.lock();
    try {
      return !closed && !failing && done.size() < backlog;
    } finally {
      lock.unlock();
    }
  }

  private void take() {
    try {
      while (hasRoom() && takeOne()) {
        // The next.
      }
    } catch (IOException e) {
      // The product knows best what to do when the system has no descriptor left: it says so once,
      // rests, and accepts again. So nobody tries here until whoever accepts has met it, too.
      failing = true;
    }
  }

  /** Returns false if there is nobody, or no room: whatever changes that wakes us. */
  private boolean takeOne() throws IOException {
    Handshake least = null;
    if (isFull()) {
      crowded = true;
      least = least();
      if (least == null) {
        // All of them have something to do here; the next that has not wakes us.
        return false;
      }
    }
    crowded = false;
    ChannelDriver peer = below.accept(context);
    pause = FIRST_PAUSE;
    if (peer == null) {
      await();
      return false;
    }
    if (least != null) {
      least.refuse(
          new HandshakeException(
              name,
              "cut to make room for another peer: "
                  + HANDSHAKES
                  + " handshakes were under way, and of the older ones this peer had sent least",
              null));
    }
    begin(peer);
    return true;
  }

  private boolean isFull() {
    lock.lock();
    try {
      return shaking.size() >= HANDSHAKES;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Who is cut for a further peer: of those whose turn it is, the one that has sent least, and of
   * these the oldest. Only the older half is looked at, so that a peer who has just come, and has
   * sent nothing yet, has its time even when all the others have sent a byte.
   */
  private @Nullable Handshake least() {
    lock.lock();
    try {
      Handshake least = null;
      Iterator<Handshake> oldest = shaking.iterator();
      for (int i = 0; i < HANDSHAKES / 2 && oldest.hasNext(); i++) {
        Handshake each = oldest.next();
        if (each.isPeersTurn() && (least == null || each.heard() < least.heard())) {
          least = each;
          if (each.heard() == 0) {
            break;
          }
        }
      }
      return least;
    } finally {
      lock.unlock();
    }
  }

  private void wakeIfCrowded() {
    if (crowded) {
      wake();
    }
  }

  /** Takes one in place of the background, which goes on with the others if that succeeds. */
  private void tryAgain() throws IOException {
    failing = false;
    if (reasons.getAndIncrement() != 0) {
      // Whoever is at it tries, and says so if it fails.
      return;
    }
    try {
      boolean unused = takeOne();
    } catch (IOException e) {
      failing = true;
      reasons.set(0);
      // For the line in the log that comes of this.
      spare.release();
      throw e;
    } catch (RuntimeException | Error e) {
      armed.set(false);
      reasons.set(0);
      tryLater(e);
      return;
    }
    context.executor().execute(this::run);
  }

  private void tryLater(Throwable fault) {
    if (closed) {
      return;
    }
    // First, because for want of memory a logger may fail, too.
    Object unused = context.after(pause, this::wake);
    Duration twice = pause.multipliedBy(2);
    pause = twice.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : twice;
    long now = System.nanoTime();
    if (!told || now - toldAt > QUIET.toNanos()) {
      LOG.log(Level.WARNING, name + ": accepting fails, and is tried again: " + fault.getMessage());
      told = true;
      toldAt = now;
    }
    LOG.log(Level.DEBUG, name + ": accepting failed", fault);
  }

  private void await() {
    SelectableChannel channel = below.selectable();
    if (channel != null && !closed && armed.compareAndSet(false, true)) {
      context.select(
          channel,
          below.interest(),
          () -> {
            armed.set(false);
            wake();
          });
    }
  }

  private void begin(ChannelDriver peer) {
    Handshake handshake;
    try {
      TlsDriver driver =
          new TlsDriver(name, peer, options.engine(material.current()), buffers, context);
      handshake = new Handshake(driver, peer, context, crew, options.handshakeTimeout());
    } catch (IOException | RuntimeException e) {
      failed(peer, e);
      peer.abort(e);
      context.forgetClosed();
      return;
    }
    if (!note(handshake)) {
      peer.abort(new StreamClosedException(name));
      context.forgetClosed();
      return;
    }
    CompletableFuture<TlsDriver> unused =
        handshake.result().whenComplete((made, failure) -> over(handshake, peer, made, failure));
    handshake.onPeersTurn(this::wakeIfCrowded);
    handshake.begin();
  }

  private boolean note(Handshake handshake) {
    lock.lock();
    try {
      return !closed && shaking.add(handshake);
    } finally {
      lock.unlock();
    }
  }

  private void over(
      Handshake handshake,
      ChannelDriver peer,
      @Nullable TlsDriver made,
      @Nullable Throwable failure) {
    boolean late;
    lock.lock();
    try {
      shaking.remove(handshake);
      late = closed;
      if (made != null && !late) {
        done.add(made);
      }
    } finally {
      lock.unlock();
    }
    // There may be room again.
    wake();
    if (made != null && late) {
      made.abort(new StreamClosedException(name));
      context.forgetClosed();
    } else if (made != null) {
      ready.run();
    } else if (failure != null && !(failure instanceof CancellationException)) {
      failed(peer, failure);
    }
  }

  private void failed(ChannelDriver peer, Throwable failure) {
    String prefix = name + ": ";
    String message = String.valueOf(failure.getMessage());
    refusals.tell(
        peer.peer().map(Object::toString).orElse("a peer"),
        message.startsWith(prefix) ? message.substring(prefix.length()) : message,
        failure);
  }

  // ---- for the product

  @Override
  public @Nullable ChannelDriver accept(ProviderContext channel) throws IOException {
    TlsDriver made = nextDone();
    if (made == null && failing) {
      tryAgain();
      made = nextDone();
    }
    if (made != null) {
      made.rename(channel.name());
      wake();
    }
    return made;
  }

  private @Nullable TlsDriver nextDone() {
    lock.lock();
    try {
      return done.poll();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public boolean ready() {
    lock.lock();
    try {
      return failing || !done.isEmpty();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void onReady(Runnable callback) {
    ready = callback;
  }

  @Override
  public Endpoint endpoint() {
    return below.endpoint();
  }

  @Override
  public void close() throws IOException {
    List<Handshake> unfinished;
    List<TlsDriver> unclaimed;
    lock.lock();
    try {
      closed = true;
      unfinished = new ArrayList<>(shaking);
      unclaimed = new ArrayList<>(done);
      done.clear();
    } finally {
      lock.unlock();
    }
    try {
      below.close();
    } finally {
      unfinished.forEach(each -> each.result().cancel(false));
      unclaimed.forEach(each -> each.abort(new StreamClosedException(each.name())));
      spare.release();
      refusals.close();
    }
  }
}
