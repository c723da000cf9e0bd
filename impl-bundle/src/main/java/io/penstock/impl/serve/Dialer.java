// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.serve;

import io.penstock.channel.Channel;
import io.penstock.channel.Endpoint;
import io.penstock.impl.channel.Channels;
import io.penstock.impl.engine.Backoff;
import io.penstock.impl.engine.Engine;
import io.penstock.impl.engine.Faults;
import io.penstock.serve.ServeOptions;
import io.penstock.spi.Messages;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Keeps one connection: makes it again when it is lost, and waits longer after each failure. */
final class Dialer {
  private static final System.Logger LOG = Messages.log("serve");

  private final Engine engine;
  private final Channels channels;
  private final Endpoint endpoint;
  private final Supplier<ServeOptions> options;
  private final Consumer<Channel> adopt;
  private final Executor serial;
  private final String name;
  // Only on the serial executor.
  private final Backoff backoff = new Backoff(() -> ThreadLocalRandom.current().nextDouble());
  private @Nullable Channel current;
  private @Nullable Future<?> retry;
  private @Nullable String complaint;
  private long since;
  private int failures;
  private boolean stopped;

  /**
   * Connects nothing yet.
   *
   * @param options what holds now
   * @param adopt takes each channel that has connected
   */
  Dialer(
      Engine engine,
      Channels channels,
      Endpoint endpoint,
      Supplier<ServeOptions> options,
      Consumer<Channel> adopt) {
    this.engine = engine;
    this.channels = channels;
    this.endpoint = endpoint;
    this.options = options;
    this.adopt = adopt;
    this.serial = engine.serial();
    String given = options.get().name();
    this.name = given.isEmpty() ? endpoint.name() : given;
  }

  /** Connects, and says at once what no time can mend. */
  void start() throws IOException {
    channels.check(endpoint, options.get().channel());
    serial.execute(this::dial);
  }

  /** Connects no more. What is connected stays. */
  void stop() {
    serial.execute(
        () -> {
          stopped = true;
          Future<?> waiting = retry;
          if (waiting != null) {
            waiting.cancel(false);
          }
          Channel connecting = current;
          if (connecting != null && !connecting.connected().toCompletableFuture().isDone()) {
            CompletionStage<Void> unused = connecting.closeAsync();
          }
        });
  }

  private void dial() {
    if (stopped) {
      return;
    }
    Channel channel;
    try {
      channel = channels.connect(endpoint, options.get().channel());
    } catch (IOException | RuntimeException e) {
      again(e);
      return;
    }
    current = channel;
    CompletionStage<Void> unused =
        channel
            .connected()
            .handle(
                (any, failure) -> {
                  serial.execute(() -> connected(channel, failure));
                  return null;
                });
  }

  private void connected(Channel channel, @Nullable Throwable failure) {
    if (failure != null) {
      again(failure);
      return;
    }
    if (stopped) {
      CompletionStage<Void> unused = channel.closeAsync();
      return;
    }
    since = System.nanoTime();
    if (complaint != null) {
      LOG.log(
          Level.INFO,
          "{0}: connected again{1}",
          name,
          failures == 0 ? "" : ", after " + failures + (failures == 1 ? " failure" : " failures"));
    }
    failures = 0;
    CompletionStage<Void> unused =
        channel.closed().whenComplete((done, cause) -> serial.execute(() -> lost(cause)));
    adopt.accept(channel);
  }

  private void lost(@Nullable Throwable cause) {
    if (backoff.lived(Duration.ofNanos(System.nanoTime() - since))) {
      complaint = null;
    }
    if (stopped) {
      return;
    }
    failures--;
    again(cause == null ? new IOException("the connection has ended") : cause);
  }

  private void again(Throwable cause) {
    if (stopped) {
      return;
    }
    failures++;
    String why = String.valueOf(Faults.unwrap(cause).getMessage());
    if (!Objects.equals(complaint, why)) {
      complaint = why;
      LOG.log(Level.WARNING, "{0}: {1}; connecting again until it succeeds", name, why);
    }
    ServeOptions now = options.get();
    retry =
        engine.schedule(
            backoff.next(now.reconnectMin(), now.reconnectMax()), () -> serial.execute(this::dial));
  }
}
