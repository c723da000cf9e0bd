// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.poller;

import io.penstock.channel.Channel;
import io.penstock.impl.engine.Upkeep;
import io.penstock.poller.ChannelHandler;
import io.penstock.poller.Registration;
import io.penstock.poller.SinkRegistration;
import io.penstock.spi.Messages;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Polls until the poller is closed, between it and a handler whose faults cost no more than the
 * connection that met them.
 */
final class PollLoop implements ChannelHandler, Wrapping {
  private static final System.Logger LOG = Messages.log("poller");

  /** After a failure of the system, such as no descriptor for the selector. */
  private static final Duration PAUSE = Duration.ofSeconds(1);

  private static final long STOP_MILLIS = 2000;

  private final SelectorPoller poller;
  private final ChannelHandler handler;
  private final CompletableFuture<Void> done = new CompletableFuture<>();
  private final CountDownLatch closed = new CountDownLatch(1);
  private final Upkeep.Loop loop;
  private boolean failing;

  PollLoop(SelectorPoller poller, ChannelHandler handler, Upkeep upkeep) {
    this.poller = poller;
    this.handler = handler;
    this.loop = upkeep.loop("penstock-poller", this::run);
  }

  @Override
  public Object wrapped() {
    return handler;
  }

  CompletionStage<Void> begin() {
    loop.start();
    return done.minimalCompletionStage();
  }

  /** Ends it after the poller was closed, and waits for the handler a moment. */
  void end() {
    closed.countDown();
    loop.join(STOP_MILLIS);
  }

  private void run() {
    while (!poller.isClosed()) {
      poll();
    }
    done.complete(null);
  }

  private void poll() {
    try {
      poller.poll(Wait.forever(), this);
      failing = false;
    } catch (IOException | RuntimeException | Error e) {
      // A handler may have left its interrupt with us, and nobody else may interrupt.
      boolean interrupted = Thread.interrupted();
      if (!poller.isClosed() && !interrupted) {
        rest(e);
      }
    }
  }

  private void rest(Throwable cause) {
    if (!failing) {
      failing = true;
      LOG.log(Level.ERROR, "a poller cannot poll, and tries again every second", cause);
    }
    try {
      boolean unused = closed.await(PAUSE.toNanos(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      LOG.log(Level.DEBUG, "a poller does not rest", e);
    }
  }

  // ---- around the handler

  private interface Call {
    void run() throws IOException;
  }

  private interface Cure {
    void after(Throwable fault);
  }

  private static void guard(Registration whose, Call call, Cure cure) {
    try {
      call.run();
    } catch (IOException | RuntimeException | Error e) {
      LOG.log(Level.ERROR, ((Entry) whose).end().name() + ": the handler failed", e);
      cure.after(e);
    }
  }

  @Override
  public void opened(Registration listener, Channel channel, Registration client) {
    guard(
        listener,
        () -> handler.opened(listener, channel, client),
        fault -> {
          client.close();
          channel.abort(fault);
        });
  }

  @Override
  public void data(Registration registration, ByteBuffer frame) {
    guard(registration, () -> handler.data(registration, frame), fault -> cut(registration, fault));
  }

  @Override
  public void writable(SinkRegistration registration) {
    guard(registration, () -> handler.writable(registration), fault -> cut(registration, fault));
  }

  @Override
  public void ended(Registration registration) {
    guard(registration, () -> handler.ended(registration), fault -> {});
  }

  @Override
  public void listenerEnded(Registration listener) {
    guard(listener, () -> handler.listenerEnded(listener), fault -> {});
  }

  @Override
  public void failed(Registration registration, Throwable cause) {
    guard(registration, () -> handler.failed(registration, cause), fault -> {});
  }

  private void cut(Registration registration, Throwable fault) {
    registration.close();
    Entry entry = (Entry) registration;
    Channel channel = entry.end().channel();
    if (channel != null) {
      channel.abort(fault);
    } else {
      try {
        entry.closeEnd();
      } catch (IOException e) {
        LOG.log(Level.WARNING, "{0}: closing failed", entry.end().name(), e);
      }
    }
    failed(registration, fault);
  }
}
