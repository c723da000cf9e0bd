// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.client;

import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.error.ConnectionResetException;
import io.penstock.error.HandshakeException;
import io.penstock.error.StreamClosedException;
import io.penstock.error.StreamFault;
import io.penstock.error.StreamTimeoutException;
import io.penstock.spi.ChannelDriver;
import io.penstock.spi.ListenerDriver;
import io.penstock.spi.ProviderContext;
import io.penstock.ssh.impl.CryptoProviders;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.apache.sshd.client.SshClient;
import org.apache.sshd.client.session.ClientSession;
import org.jspecify.annotations.Nullable;

/** Connections of ours, each for one channel unless it is shared. Safe for use by any thread. */
public final class Connections implements AutoCloseable {
  private final SharedClient library = new SharedClient();

  private final ReentrantLock lock = new ReentrantLock();
  // Guarded by the lock.
  private final Map<ClientOptions.Login, CompletableFuture<ClientConnection>> shared =
      new HashMap<>();
  private boolean closed;

  /** None yet. */
  public Connections() {}

  /** The keys of the options. */
  public static Set<String> optionKeys() {
    return ClientOptions.KEYS;
  }

  /** The keys of what a channel may be for. */
  public static Set<String> requestKeys() {
    return ClientOptions.REQUEST_KEYS;
  }

  /** The names of the secrets. */
  public static Set<String> secretKeys() {
    return ClientOptions.SECRETS;
  }

  /** As {@link io.penstock.spi.ChannelProvider#check} says. */
  public static void check(Endpoint endpoint, ChannelOptions options) throws IOException {
    ClientOptions unused = ClientOptions.of(endpoint, options);
  }

  /**
   * Opens a channel, and the connection below it if need be.
   *
   * @return as {@link io.penstock.spi.ChannelProvider#connect} says
   */
  public CompletionStage<? extends ChannelDriver> connect(
      Endpoint endpoint, ChannelOptions options, ProviderContext context) throws IOException {
    ClientOptions wanted = ClientOptions.of(endpoint, options);
    CompletableFuture<ChannelDriver> result = new CompletableFuture<>();
    Attempt attempt = new Attempt(endpoint, options, wanted, context, result);
    context.executor().execute(attempt::begin);
    return result;
  }

  /**
   * Has a server listen, on a connection of its own. Waits for the login and the server's answer,
   * up to the limit for connecting.
   *
   * @return as {@link io.penstock.spi.ChannelProvider#listen} says
   */
  public ListenerDriver listen(Endpoint endpoint, ChannelOptions options, ProviderContext context)
      throws IOException {
    return ForwardListener.listen(library, endpoint, options, context);
  }

  private final class Attempt {
    private final Endpoint endpoint;
    private final ChannelOptions options;
    private final ClientOptions wanted;
    private final ProviderContext context;
    private final CompletableFuture<ChannelDriver> result;
    private final long begun = System.nanoTime();

    Attempt(
        Endpoint endpoint,
        ChannelOptions options,
        ClientOptions wanted,
        ProviderContext context,
        CompletableFuture<ChannelDriver> result) {
      this.endpoint = endpoint;
      this.options = options;
      this.wanted = wanted;
      this.context = context;
      this.result = result;
    }

    void begin() {
      if (result.isDone()) {
        return;
      }
      boolean unusedAnswer = CryptoProviders.ready();
      if (!wanted.share()) {
        try {
          useOwn(logIn(() -> {}));
        } catch (IOException | RuntimeException | Error e) {
          result.completeExceptionally(e);
        }
        return;
      }
      boolean mine = false;
      boolean over;
      CompletableFuture<ClientConnection> common;
      lock.lock();
      try {
        over = closed;
        CompletableFuture<ClientConnection> present = shared.get(wanted.login());
        mine = present == null && !over;
        common = present == null ? new CompletableFuture<>() : present;
        if (mine) {
          shared.put(wanted.login(), common);
        }
      } finally {
        lock.unlock();
      }
      if (over) {
        result.completeExceptionally(new StreamClosedException(context.name()));
        return;
      }
      if (mine) {
        make(common);
      }
      boolean first = mine;
      Future<?> timer = first || common.isDone() ? null : context.after(timeLeft(), this::late);
      CompletableFuture<ClientConnection> unused =
          common.whenComplete(
              (made, failure) -> {
                if (timer != null) {
                  timer.cancel(false);
                }
                if (failure == null) {
                  // Joined at once; otherwise a caller that gives up meanwhile might close the
                  // connection.
                  boolean joined = made.join();
                  goOn(() -> useOrRepeat(common, made, joined));
                } else if (!first && failure instanceof StreamTimeoutException) {
                  // The limit that ran out was that of the first caller, not ours.
                  goOn(this::begin);
                } else {
                  result.completeExceptionally(first ? failure : own(failure));
                }
              });
    }

    private void goOn(Runnable step) {
      try {
        context.executor().execute(step);
      } catch (RejectedExecutionException e) {
        // The product stops.
        result.completeExceptionally(new StreamClosedException(context.name()));
      }
    }

    /** The caller that makes the connection may have more time. */
    private void late() {
      result.completeExceptionally(
          new StreamTimeoutException(
              context.name(),
              "waiting for the shared connection took more than the limit of "
                  + options.connectTimeout().toMillis()
                  + " ms",
              0));
    }

    /**
     * Turns the failure of another caller, which names that caller's channel, into one for ours.
     */
    private Throwable own(Throwable failure) {
      if (!(failure instanceof StreamFault fault) || failure.getMessage() == null) {
        return failure;
      }
      String prefix = fault.stream() + ": ";
      String text = failure.getMessage();
      String what = text.startsWith(prefix) ? text.substring(prefix.length()) : text;
      if (failure instanceof HandshakeException) {
        return new HandshakeException(context.name(), what, failure.getCause());
      }
      if (failure instanceof ConnectionResetException) {
        ConnectionResetException again =
            new ConnectionResetException(context.name(), what, fault.count());
        again.initCause(failure.getCause());
        return again;
      }
      // The others name the address.
      return failure;
    }

    private void make(CompletableFuture<ClientConnection> common) {
      try {
        common.complete(logIn(() -> forget(common)));
      } catch (IOException | RuntimeException | Error e) {
        forget(common);
        common.completeExceptionally(e);
      }
    }

    private void useOrRepeat(
        CompletableFuture<ClientConnection> common, ClientConnection made, boolean joined) {
      if (joined) {
        use(made);
      } else {
        // It has closed meanwhile.
        forget(common);
        begin();
      }
    }

    private void useOwn(ClientConnection made) {
      if (made.join()) {
        use(made);
      } else {
        result.completeExceptionally(
            new ConnectionResetException(
                context.name(), "the connection was lost as soon as we were logged in", 0));
      }
    }

    /** Opens the channel on a connection that we have joined. */
    private void use(ClientConnection connection) {
      if (result.isDone()) {
        // No caller waits for it any more.
        connection.leave(context);
        return;
      }
      new ProgramOpening(wanted, connection, context, options, timeLeft()).begin(result);
    }

    private void forget(CompletableFuture<ClientConnection> common) {
      lock.lock();
      try {
        shared.remove(wanted.login(), common);
      } finally {
        lock.unlock();
      }
    }

    private Duration timeLeft() {
      Duration left = options.connectTimeout().minusNanos(System.nanoTime() - begun);
      return left.isNegative() ? Duration.ZERO : left;
    }

    private ClientConnection logIn(Runnable onClose) throws IOException {
      Login login =
          new Login(
              context.name(),
              endpoint.name(),
              wanted.login(),
              context.executor(),
              options.connectTimeout(),
              begun);
      if (!wanted.share()) {
        CompletableFuture<ChannelDriver> unused =
            result.whenComplete(
                (made, failure) -> {
                  if (failure != null) {
                    login.cancel();
                  }
                });
      }
      SshClient client = library.acquire();
      ClientSession session;
      Consumer<@Nullable Throwable> over = context.handshake("SSH");
      try {
        session = login.run(client);
        over.accept(null);
      } catch (IOException | RuntimeException | Error e) {
        over.accept(e);
        library.release();
        throw e;
      }
      return new ClientConnection(
          session,
          wanted.persist(),
          () -> {
            onClose.run();
            library.release();
          });
    }
  }

  /** How many connections are shared now, or are to be. */
  public int shared() {
    lock.lock();
    try {
      return shared.size();
    } finally {
      lock.unlock();
    }
  }

  /** Cuts shared connections, which may persist without channels; also those that log in now. */
  @Override
  public void close() {
    List<CompletableFuture<ClientConnection>> all;
    lock.lock();
    try {
      closed = true;
      all = new ArrayList<>(shared.values());
      shared.clear();
    } finally {
      lock.unlock();
    }
    for (CompletableFuture<ClientConnection> each : all) {
      CompletableFuture<ClientConnection> unused =
          each.whenComplete(
              (made, failure) -> {
                if (made != null) {
                  made.cut();
                }
              });
    }
  }
}
