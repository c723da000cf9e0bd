// SPDX-License-Identifier: Apache-2.0
package io.penstock.tls;

import io.penstock.channel.Endpoint;
import io.penstock.error.HandshakeException;
import io.penstock.error.MemoryLimitException;
import io.penstock.error.StreamClosedException;
import io.penstock.spi.AcceptQueue;
import io.penstock.spi.AcceptRest;
import io.penstock.spi.ChannelDriver;
import io.penstock.spi.ListenerDriver;
import io.penstock.spi.Messages;
import io.penstock.spi.ProviderContext;
import io.penstock.spi.QuietLog;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.channels.SelectableChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Accepts connections and does their handshakes in the background, and hands out those whose
 * handshake is complete. A silent peer delays no other peer, and each connection that is handed out
 * has a verified peer.
 */
final class TlsListener implements ListenerDriver {
  private static final Logger LOG = Messages.log("tls");

  /** How many handshakes may be under way at once; for a further peer one of them is cut. */
  static final int HANDSHAKES = 1024;

  /** Between two lines in the log about peers refused for the same reason. */
  private static final Duration QUIET = Duration.ofMinutes(1);

  private final String name;
  private final ListenerDriver below;
  private final TlsOptions options;
  private final Material material;
  private final BufferStock buffers;
  private final Crew crew;
  private final ProviderContext context;
  private final QuietLog refusals;
  private final AtomicInteger reasons = new AtomicInteger();
  private final AtomicBoolean armed = new AtomicBoolean();
  private volatile boolean closed;
  private volatile boolean crowded;
  // Whether accepting from the system has failed; then the next caller of accept tries again.
  private volatile boolean failing;

  /** Why, until it was told. */
  private volatile @Nullable IOException fault;

  // By the turn that comes of the reasons.
  private final AcceptRest rest = new AcceptRest();

  private final ReentrantLock lock = new ReentrantLock();
  // Guarded by the lock; the oldest first.
  private final Set<Handshake> shaking = new LinkedHashSet<>();
  private final AcceptQueue<TlsDriver> done;

  TlsListener(
      String name,
      ListenerDriver below,
      TlsOptions options,
      Material material,
      BufferStock buffers,
      Crew crew,
      int backlog,
      ProviderContext context) {
    this.name = name.isEmpty() ? below.endpoint().name() : name;
    this.below = below;
    this.options = options;
    this.material = material;
    this.buffers = buffers;
    this.crew = crew;
    this.done = new AcceptQueue<>(backlog);
    this.context = context;
    this.refusals = new QuietLog(LOG, this.name + ": no connection with ", QUIET, context::after);
    rest.reserve();
  }

  void begin() {
    below.onReady(this::wake);
    wake();
  }

  // ---- in the background

  private void wake() {
    if (!closed && reasons.getAndIncrement() == 0) {
      submit();
    }
  }

  private void submit() {
    try {
      context.executor().execute(this::run);
    } catch (RuntimeException | Error e) {
      reasons.set(0);
      tryLater(e);
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
      // Only now, because the callback takes the turn.
      done.wake();
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

  private void take() {
    try {
      while (!failing && done.hasRoom() && takeOne()) {
        // The next.
      }
    } catch (IOException e) {
      // The product knows best what to do when the system has no descriptor left: it says so once,
      // rests, and accepts again. So this class does not try again until the caller of accept has
      // met the failure, too.
      fault = e;
      failing = true;
    }
  }

  /** Returns false if no peer waits or there is no room: any change of that wakes us. */
  private boolean takeOne() throws IOException {
    Handshake least = null;
    if (isFull()) {
      crowded = true;
      least = least();
      if (least == null) {
        // All handshakes wait for us; the next one that waits for its peer wakes us.
        return false;
      }
    }
    crowded = false;
    ChannelDriver peer = below.accept(context);
    rest.over();
    IOException before = fault;
    if (before != null) {
      // No caller has met it, and a peer that the system had accepted may have gone with it.
      fault = null;
      tell(before);
    }
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
   * The handshake that is cut for a further peer: of the older half the one whose peer has sent
   * least, and of several such the oldest. The newer half is spared, so that a peer that has just
   * come, and has sent nothing yet, has its time even when all others have sent a byte.
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
      // The thread that is already at it tries, and reports a failure.
      return;
    }
    try {
      boolean unused = takeOne();
    } catch (IOException e) {
      // The caller tells of it.
      fault = null;
      failing = true;
      reasons.set(0);
      // For the line in the log that comes of this.
      rest.release();
      throw e;
    } catch (RuntimeException | Error e) {
      armed.set(false);
      reasons.set(0);
      tryLater(e);
      return;
    }
    submit();
  }

  private void tryLater(Throwable fault) {
    if (closed) {
      return;
    }
    // First, because for want of memory a logger may fail, too.
    Object unused = context.after(rest.next(), this::wake);
    tell(fault);
  }

  private void tell(Throwable fault) {
    rest.tell(
        () ->
            LOG.log(
                Level.WARNING,
                name + ": accepting fails, and is tried again: " + fault.getMessage()));
    LOG.log(Level.DEBUG, "{0}: accepting failed", name, fault);
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
    } catch (IOException | RuntimeException | Error e) {
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
    lock.lock();
    try {
      shaking.remove(handshake);
    } finally {
      lock.unlock();
    }
    if (made != null && !done.add(made)) {
      made.abort(new StreamClosedException(name));
      context.forgetClosed();
    }
    // There may be room again.
    wake();
    if (made == null && failure != null && !(failure instanceof CancellationException)) {
      failed(peer, failure);
    }
  }

  private void failed(ChannelDriver peer, Throwable failure) {
    String prefix = name + ": ";
    // Amounts and durations would make each message a reason of its own.
    String message =
        failure instanceof MemoryLimitException
            ? "cut, because the memory for buffers is used up"
            : String.valueOf(failure.getMessage());
    String why = message.startsWith(prefix) ? message.substring(prefix.length()) : message;
    String shown = peer.peer().map(Object::toString).orElse("a peer");
    refusals.warn(shown + ": " + why, why, failure);
  }

  // ---- for the product

  @Override
  public @Nullable ChannelDriver accept(ProviderContext channel) throws IOException {
    TlsDriver made = done.poll();
    if (made == null && failing) {
      tryAgain();
      made = done.poll();
    }
    if (made != null) {
      made.accepted(channel);
      wake();
    }
    return made;
  }

  @Override
  public boolean ready() {
    return failing || done.ready();
  }

  @Override
  public void onReady(Runnable callback) {
    done.onReady(callback);
  }

  @Override
  public Endpoint endpoint() {
    return below.endpoint();
  }

  @Override
  public void close() throws IOException {
    List<Handshake> unfinished;
    lock.lock();
    try {
      closed = true;
      unfinished = new ArrayList<>(shaking);
    } finally {
      lock.unlock();
    }
    List<TlsDriver> unclaimed = done.close();
    try {
      below.close();
    } finally {
      unfinished.forEach(each -> each.result().cancel(false));
      unclaimed.forEach(each -> each.abort(new StreamClosedException(each.name())));
      rest.close();
      refusals.close();
    }
  }
}
