// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.client;

import io.penstock.channel.ChannelOptions;
import io.penstock.error.StreamTimeoutException;
import io.penstock.spi.ChannelDriver;
import io.penstock.spi.ProviderContext;
import io.penstock.ssh.impl.agent.AgentRelay;
import io.penstock.ssh.impl.channel.Link;
import io.penstock.ssh.impl.client.ClientOptions.Program;
import io.penstock.ssh.impl.client.ClientOptions.Purpose;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Future;
import org.apache.sshd.common.util.buffer.Buffer;
import org.jspecify.annotations.Nullable;

/** Opens a channel on a connection, and asks for what is to run in it. Nothing here waits. */
final class ProgramOpening {
  private final ClientOptions wanted;
  private final ClientConnection connection;
  private final ProviderContext context;
  private final ChannelOptions options;
  private final Duration limit;

  ProgramOpening(
      ClientOptions wanted,
      ClientConnection connection,
      ProviderContext context,
      ChannelOptions options,
      Duration limit) {
    this.wanted = wanted;
    this.connection = connection;
    this.context = context;
    this.options = options;
    this.limit = limit;
  }

  void begin(CompletableFuture<ChannelDriver> result) {
    Program program = wanted.program();
    Link link =
        Link.toOpen(
            context.name(), type(program.purpose()), wanted.window(), body -> address(body));
    StreamDriver driver =
        program.session()
            ? new SessionDriver(link, connection, context, options, wanted.stderr())
            : new StreamDriver(link, connection, context, options);
    link.ownedBy(driver);
    Future<?> timer =
        context.after(
            limit,
            () ->
                result.completeExceptionally(
                    new StreamTimeoutException(
                        context.name(),
                        "the server has not opened the channel and started the program within "
                            + options.connectTimeout().toMillis()
                            + " ms",
                        0)));
    CompletableFuture<ChannelDriver> unusedWatch =
        result.whenComplete(
            (made, failure) -> {
              timer.cancel(false);
              if (failure != null) {
                driver.giveUp();
              }
            });
    CompletableFuture<Void> started =
        link.open(connection.service())
            .thenCompose(
                open ->
                    driver instanceof SessionDriver session
                        ? prepare(session)
                        : CompletableFuture.<Void>completedFuture(null));
    // A caller that waits for the channel must not continue on the thread that reads from the
    // socket.
    CompletableFuture<Void> unused =
        started.whenCompleteAsync(
            (done, failure) -> {
              if (failure == null) {
                if (!result.complete(driver)) {
                  driver.giveUp();
                }
              } else {
                result.completeExceptionally(unwrap(failure));
              }
            },
            context.executor());
  }

  private static Throwable unwrap(Throwable failure) {
    @Nullable Throwable cause = failure instanceof CompletionException ? failure.getCause() : null;
    return cause == null ? failure : cause;
  }

  private static String type(Purpose purpose) {
    return switch (purpose) {
      case DIRECT_TCP -> "direct-tcpip";
      case DIRECT_UNIX -> "direct-streamlocal@openssh.com";
      default -> "session";
    };
  }

  private void address(Buffer body) {
    Program program = wanted.program();
    if (program.purpose() == Purpose.DIRECT_TCP) {
      body.putString(program.text());
      body.putUInt(program.port());
      // Only we ask for it.
      body.putString("127.0.0.1");
      body.putUInt(0);
    } else if (program.purpose() == Purpose.DIRECT_UNIX) {
      body.putString(program.text());
      body.putString("");
      body.putUInt(0);
    }
  }

  private CompletableFuture<Void> prepare(SessionDriver session) {
    try {
      for (Map.Entry<String, String> variable : wanted.environment().entrySet()) {
        session.environment(variable.getKey(), variable.getValue());
      }
    } catch (IOException e) {
      return CompletableFuture.failedFuture(e);
    }
    CompletableFuture<Void> ready =
        wanted.forwardAgent()
            ? session.askForAgent(
                new AgentRelay(wanted.login().agent().orElseThrow(), context.executor()))
            : CompletableFuture.<Void>completedFuture(null);
    if (wanted.pty().isPresent()) {
      ready = ready.thenCompose(done -> session.askForPty(wanted.pty().get()));
    }
    Program program = wanted.program();
    byte[] text = wanted.text();
    return switch (program.purpose()) {
      case EXEC -> ready.thenCompose(done -> session.start("exec", text));
      case SUBSYSTEM -> ready.thenCompose(done -> session.start("subsystem", text));
      case SHELL -> ready.thenCompose(done -> session.start("shell", null));
      default -> ready;
    };
  }
}
