// SPDX-License-Identifier: Apache-2.0
package io.penstock.tls;

import io.penstock.error.StreamTimeoutException;
import io.penstock.spi.ChannelDriver;
import io.penstock.spi.EndDriver;
import io.penstock.spi.Messages;
import io.penstock.spi.ProviderContext;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.channels.SelectableChannel;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Takes a connection through its handshake, step by step, on the product's threads. Cancelling
 * {@link #result()} ends it.
 */
final class Handshake {
  private static final Logger LOG = Messages.log("tls");

  private final TlsDriver driver;
  private final ChannelDriver below;
  private final ProviderContext context;
  private final Crew crew;
  private final Duration limit;
  private final CompletableFuture<TlsDriver> result = new CompletableFuture<>();
  // How often another step was asked for since the last one began.
  private final AtomicInteger reasons = new AtomicInteger();
  private final AtomicBoolean input = new AtomicBoolean();
  private final AtomicBoolean room = new AtomicBoolean();
  private volatile Runnable onPeersTurn = () -> {};
  private volatile boolean peersTurn;
  private volatile long heard;

  Handshake(
      TlsDriver driver, ChannelDriver below, ProviderContext context, Crew crew, Duration limit) {
    this.driver = driver;
    this.below = below;
    this.context = context;
    this.crew = crew;
    this.limit = limit;
  }

  /** Completes with the connection, or with why there is none; then everything is released. */
  CompletableFuture<TlsDriver> result() {
    return result;
  }

  /** Has a task told each time when nothing but the peer can bring it further. */
  void onPeersTurn(Runnable task) {
    onPeersTurn = task;
  }

  /** Whether we have done what there was to do, and the peer has not answered yet. */
  boolean isPeersTurn() {
    return peersTurn;
  }

  /** How many bytes the peer had sent when its turn began. */
  long heard() {
    return heard;
  }

  /** Ends it, unless it has ended. */
  void refuse(IOException cause) {
    if (result.completeExceptionally(cause)) {
      cut(cause);
    }
  }

  void begin() {
    Future<?> timer = context.after(limit, this::tooLate);
    Consumer<@Nullable Throwable> over = context.handshake("TLS");
    CompletableFuture<TlsDriver> unused =
        result.whenComplete(
            (made, failure) -> {
              timer.cancel(false);
              over.accept(failure);
              driver.onBelow(() -> {});
              if (result.isCancelled()) {
                cut(new IOException(driver.name() + ": nobody waits for the connection any more"));
              }
            });
    driver.onBelow(this::wake);
    wake();
  }

  /** Written by the steps, which run one after the other: the result is being told. */
  private boolean decided;

  private void wake() {
    peersTurn = false;
    if (!result.isDone() && reasons.getAndIncrement() == 0) {
      crew.execute(context.executor(), this::run);
    }
  }

  private void run() {
    int seen = reasons.get();
    while (true) {
      step();
      int left = reasons.addAndGet(-seen);
      if (left == 0) {
        return;
      }
      seen = left;
    }
  }

  private void step() {
    peersTurn = false;
    if (decided || result.isDone()) {
      return;
    }
    TlsDriver.Need need;
    try {
      need = driver.handshake();
    } catch (IOException e) {
      fail(e);
      return;
    } catch (RuntimeException | Error e) {
      fail(new IOException(driver.name() + ": the handshake broke: " + e, e));
      throw e;
    }
    switch (need) {
      case NOTHING -> {
        decided = true;
        context.executor().execute(this::done);
      }
      case INPUT -> itIsThePeersTurn();
      case ROOM -> {
        // An answer may be there before all of the question has gone.
        await(below.sink(), room);
        itIsThePeersTurn();
      }
    }
  }

  private void itIsThePeersTurn() {
    heard = driver.heard();
    // Set before the wait for the answer, which may be there already and end the turn.
    peersTurn = true;
    await(below.source(), input);
    onPeersTurn.run();
  }

  /** Does not run in a place of the crew: the observers may wait for other handshakes. */
  private void done() {
    if (!result.complete(driver)) {
      cut(new IOException(driver.name() + ": the handshake was done too late"));
    }
  }

  private void await(@Nullable EndDriver end, AtomicBoolean armed) {
    SelectableChannel channel = end == null ? null : end.selectable();
    if (end != null && channel != null && armed.compareAndSet(false, true)) {
      context.select(
          channel,
          end.interest(),
          () -> {
            armed.set(false);
            wake();
          });
    }
  }

  private void tooLate() {
    refuse(
        new StreamTimeoutException(
            driver.name(),
            "the peer has not done its part of the handshake within " + limit.toMillis() + " ms",
            0));
  }

  private void fail(IOException cause) {
    decided = true;
    context.executor().execute(() -> failed(cause));
  }

  /** The peer may be told why: what was written goes, then the end. */
  private void failed(IOException cause) {
    if (!result.completeExceptionally(cause)) {
      return;
    }
    try {
      driver.close();
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "{0}: closing failed", driver.name(), e);
    } finally {
      context.forgetClosed();
    }
  }

  private void cut(IOException cause) {
    driver.abort(cause);
    context.forgetClosed();
  }
}
