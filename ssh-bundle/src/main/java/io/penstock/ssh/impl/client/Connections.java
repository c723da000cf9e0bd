// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.client;

import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.error.ConnectionResetException;
import io.penstock.spi.ChannelDriver;
import io.penstock.spi.ListenerDriver;
import io.penstock.spi.ProviderContext;
import io.penstock.ssh.impl.Providers;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.locks.ReentrantLock;
import org.apache.sshd.client.SshClient;
import org.apache.sshd.client.session.ClientSession;
import org.jspecify.annotations.Nullable;

/** Connections of ours, each for one channel unless it is shared. Safe for use by any thread. */
public final class Connections implements AutoCloseable {
  private final Engine engine = new Engine();

  private final ReentrantLock lock = new ReentrantLock();
  // Guarded by the lock.
  private final Map<ClientOptions.Login, CompletableFuture<Connection>> shared = new HashMap<>();

  /** None yet. */
  public Connections() {}

  /** The keys of the options. */
  public static Set<String> optionKeys() {
    return ClientOptions.KEYS;
  }

  /** The names of the secrets. */
  public static Set<String> secretKeys() {
    return ClientOptions.SECRETS;
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
    return ForwardListener.listen(engine, endpoint, options, context);
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
      boolean unusedAnswer = Providers.ready();
      if (!wanted.share()) {
        try {
          start(logIn());
        } catch (IOException | RuntimeException e) {
          result.completeExceptionally(e);
        }
        return;
      }
      boolean mine = false;
      CompletableFuture<Connection> common;
      lock.lock();
      try {
        CompletableFuture<Connection> present = shared.get(wanted.login());
        mine = present == null;
        common = present == null ? new CompletableFuture<>() : present;
        if (mine) {
          shared.put(wanted.login(), common);
        }
      } finally {
        lock.unlock();
      }
      if (mine) {
        make(common);
      }
      CompletableFuture<Connection> unused =
          common.whenComplete(
              (made, failure) -> {
                if (failure != null) {
                  result.completeExceptionally(failure);
                } else if (!result.isDone()) {
                  context.executor().execute(() -> useOrRepeat(common, made));
                }
              });
    }

    private void make(CompletableFuture<Connection> common) {
      try {
        common.complete(logIn());
      } catch (IOException | RuntimeException e) {
        forget(common);
        common.completeExceptionally(e);
      }
    }

    private void useOrRepeat(CompletableFuture<Connection> common, Connection made) {
      if (!start(made)) {
        // It has closed meanwhile.
        forget(common);
        begin();
      }
    }

    private void forget(CompletableFuture<Connection> common) {
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

    private Connection logIn() throws IOException {
      Login login =
          new Login(
              context.name(),
              endpoint.toString(),
              wanted.login(),
              context.executor(),
              options.connectTimeout());
      if (!wanted.share()) {
        CompletableFuture<ChannelDriver> unused =
            result.whenComplete(
                (made, failure) -> {
                  if (failure != null) {
                    login.cancel();
                  }
                });
      }
      SshClient client = engine.acquire();
      ClientSession session;
      try {
        session = login.run(client);
      } catch (IOException | RuntimeException e) {
        engine.release();
        throw e;
      }
      return new Connection(session, wanted.persist(), engine::release);
    }

    /** Returns false if the connection is of no use any more. */
    private boolean start(Connection connection) {
      if (!connection.join()) {
        if (!wanted.share()) {
          result.completeExceptionally(
              new ConnectionResetException(
                  context.name(), "the connection was lost as soon as we were logged in", 0));
        }
        return wanted.share() ? false : true;
      }
      Opening opening = new Opening(wanted, connection, context, options, timeLeft());
      opening.begin(result);
      return true;
    }
  }

  /** Cuts shared connections that persist without channels. */
  @Override
  public void close() {
    List<CompletableFuture<Connection>> all;
    lock.lock();
    try {
      all = new ArrayList<>(shared.values());
      shared.clear();
    } finally {
      lock.unlock();
    }
    for (CompletableFuture<Connection> each : all) {
      @Nullable Connection made = each.isCompletedExceptionally() ? null : each.getNow(null);
      if (made != null) {
        made.cut();
      }
    }
  }
}
