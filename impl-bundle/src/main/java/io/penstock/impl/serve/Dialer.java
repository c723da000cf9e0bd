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
import io.penstock.spi.QuietLog;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.time.Duration;
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

  /** Between two lines about failures of the same kind. */
  private static final Duration QUIET = Duration.ofMinutes(1);

  private final Engine engine;
  private final Channels channels;
  private final Endpoint endpoint;
  private final Supplier<ServeOptions> options;
  private final Consumer<Channel> adopt;
  private final Executor serial;
  private final String name;
  private final QuietLog log;
  // Only on the serial executor.
  private final Backoff backoff = new Backoff(() -> ThreadLocalRandom.current().nextDouble());
  private @Nullable Channel current;
  private @Nullable Future<?> retry;
  private volatile @Nullable String complaint;
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
    this.log = new QuietLog(LOG, name + ": ", QUIET, engine::schedule);
  }

  /** Connects. */
  void start() {
    serial.execute(this::dial);
  }

  /** Connects no more. What is connected stays. */
  void stop() {
    serial.execute(
        () -> {
          stopped = true;
          log.close();
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

  /** After the stop: what is connected and was not taken over goes, too. */
  void cut(Throwable cause) {
    serial.execute(
        () -> {
          Channel left = current;
          if (left != null) {
            left.abort(cause);
          }
        });
  }

  /** Why there is no connection; null if there is one, or the first try goes on. */
  @Nullable String complaint() {
    return complaint;
  }

  private void dial() {
    if (stopped) {
      return;
    }
    Channel channel;
    try {
      channel = channels.connect(endpoint, options.get().channel());
    } catch (IOException | RuntimeException | Error e) {
      // Want of memory or of threads passes, and so does the update of a bundle.
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
    if (failures > 0) {
      LOG.log(
          Level.INFO,
          "{0}: connected, after {1} {2}",
          name,
          failures,
          failures == 1 ? "failure" : "failures");
    }
    complaint = null;
    failures = 0;
    CompletionStage<Void> unused =
        channel.closed().whenComplete((done, cause) -> serial.execute(() -> lost(cause)));
    adopt.accept(channel);
  }

  private void lost(@Nullable Throwable cause) {
    boolean unused = backoff.lived(Duration.ofNanos(System.nanoTime() - since));
    later(cause == null ? "the connection has ended" : why(cause), "the connection was lost");
  }

  private void again(Throwable cause) {
    failures++;
    later(why(cause), why(cause));
  }

  private static String why(Throwable cause) {
    Throwable first = Faults.unwrap(cause);
    return first.getMessage() == null ? first.toString() : first.getMessage();
  }

  private void later(String why, String kind) {
    if (stopped) {
      return;
    }
    complaint = why;
    log.warn(why + "; connecting again until it succeeds", kind, null);
    ServeOptions now = options.get();
    retry =
        engine.schedule(
            backoff.next(now.reconnectMin(), now.reconnectMax()), () -> serial.execute(this::dial));
  }
}
