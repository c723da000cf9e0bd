// SPDX-License-Identifier: Apache-2.0
package io.penstock.operator;

import io.penstock.channel.Channel;
import io.penstock.channel.Endpoint;
import io.penstock.error.StreamClosedException;
import io.penstock.relay.Relay;
import io.penstock.relay.RelayException;
import io.penstock.relay.RelayFactory;
import io.penstock.relay.RelayObserver;
import io.penstock.relay.RelayOptions;
import io.penstock.spi.LogField;
import io.penstock.spi.Messages;
import io.penstock.spi.QuietLog;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** A relay that a command makes. It goes on after the command, so the log says what fails then. */
final class CommandedRelay implements RelayObserver {
  private static final System.Logger LOG = Messages.log("operator");

  /** Between two lines about connections that failed in the same way. */
  private static final Duration QUIET = Duration.ofMinutes(1);

  /** For how long a command waits for the ends of its relay. */
  private static final Duration AT_ONCE = Duration.ofSeconds(1);

  private final String name;
  private final boolean fork;
  private final boolean peersCome;
  private final QuietLog failures;
  private final CompletableFuture<@Nullable Object> joined = new CompletableFuture<>();
  private final Relay relay;

  /**
   * Makes it.
   *
   * @throws IOException if an endpoint is refused, or cannot be listened at
   */
  CommandedRelay(RelayFactory relays, Endpoint from, Endpoint to, RelayOptions options)
      throws IOException {
    this.name = options.name().isEmpty() ? from.name() + " to " + to.name() : options.name();
    this.fork = options.fork();
    this.peersCome = from.listening() || to.listening();
    this.failures = new QuietLog(LOG, name + ": ", QUIET, CommandedRelay::later);
    this.relay = relays.create(from, to, options.withName(name).withObserver(this));
  }

  /** By the JDK's own timer: a line of the log is quick. */
  private static CompletableFuture<Void> later(Duration pause, Runnable task) {
    Executor timer =
        CompletableFuture.delayedExecutor(pause.toMillis(), TimeUnit.MILLISECONDS, Runnable::run);
    return CompletableFuture.runAsync(task, timer);
  }

  String name() {
    return name;
  }

  /**
   * Starts it. If both endpoints are to be opened now, waits a moment for that.
   *
   * @param end completes when the command is to end
   * @throws IOException if it has failed in that moment
   * @throws InterruptedException if the calling thread is interrupted; the relay is closed
   */
  void start(CompletableFuture<@Nullable Object> end) throws IOException, InterruptedException {
    relay.start();
    try {
      if (!peersCome) {
        CompletableFuture.anyOf(joined, end, relay.completed().toCompletableFuture())
            .get(AT_ONCE.toMillis(), TimeUnit.MILLISECONDS);
      }
    } catch (InterruptedException e) {
      relay.close();
      throw e;
    } catch (ExecutionException e) {
      failures.close();
      throw e.getCause() instanceof IOException why ? why : new IOException(e.getCause());
    } catch (TimeoutException e) {
      LOG.log(Level.DEBUG, "{0}: is being connected", LogField.name(name), e);
    }
    var unused = relay.completed().whenComplete((done, failure) -> ended(failure));
  }

  private void ended(@Nullable Throwable failure) {
    failures.close();
    if (failure != null) {
      Throwable why =
          failure instanceof CompletionException && failure.getCause() != null
              ? failure.getCause()
              : failure;
      if (why.getCause() instanceof StreamClosedException) {
        // Everything is being closed, and what the relay has open went first: nothing has failed.
        return;
      }
      LOG.log(
          Level.WARNING,
          "{0}: the relay of a command has failed: {1}",
          LogField.name(name),
          LogField.cause(why.getMessage()));
    }
  }

  @Override
  public void joined(Channel from, Channel to) {
    joined.complete(null);
  }

  /** One of many: the end of the only one is the end of the relay. */
  @Override
  public void parted(@Nullable Channel from, @Nullable RelayException failure) {
    if (failure != null && fork) {
      String why = "a connection of a command's relay has failed: " + failure.getMessage();
      failures.warn(why, why, null);
    }
  }
}
