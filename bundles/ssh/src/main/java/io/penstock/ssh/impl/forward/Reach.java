// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.forward;

import io.penstock.spi.Messages;
import io.penstock.spi.ProviderContext;
import io.penstock.ssh.impl.Literal;
import io.penstock.ssh.impl.Untrusted;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.net.UnixDomainSocketAddress;
import java.net.UnknownHostException;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/** Connects for a peer: to one address of the host after the other, until one answers. */
final class Reach {
  private static final Logger LOG = Messages.log("ssh.forward");

  private final Target target;
  private final ProviderContext context;
  private final CompletableFuture<SocketChannel> result = new CompletableFuture<>();
  // Used by one thread at a time, which hands them on to the next.
  private final Queue<SocketAddress> addresses = new ArrayDeque<>();
  private @Nullable IOException last;
  private volatile @Nullable SocketChannel current;

  private Reach(Target target, ProviderContext context) {
    this.target = target;
    this.context = context;
  }

  /**
   * Begins. Never waits.
   *
   * @param names where names are looked up, which may take its time
   * @param limit how long it may take
   * @return completes with a connected socket in non-blocking mode, or with why there is none;
   *     gives up when it is cancelled
   */
  static CompletableFuture<SocketChannel> to(
      Target target, ProviderContext context, Executor names, Duration limit) {
    Reach reach = new Reach(target, context);
    reach.begin(names, limit);
    return reach.result;
  }

  private void begin(Executor names, Duration limit) {
    try {
      Future<?> timer =
          context.after(
              limit,
              () -> result.completeExceptionally(new IOException("connecting took too long")));
      CompletableFuture<SocketChannel> unused =
          result.whenComplete(
              (made, failure) -> {
                timer.cancel(false);
                if (failure != null) {
                  Sockets.closeQuietly(current, context);
                }
              });
      boolean known = target.unix() || Literal.is(target.name());
      (known ? context.executor() : names).execute(this::look);
    } catch (RejectedExecutionException e) {
      result.completeExceptionally(new IOException("everything is closing", e));
    }
  }

  /** Looks the name up, which may wait for a name server. */
  private void look() {
    if (result.isDone()) {
      // It has waited too long for its turn, or is no longer wanted.
      return;
    }
    try {
      if (target.unix()) {
        addresses.add(UnixDomainSocketAddress.of(target.name()));
      } else {
        for (InetAddress each : InetAddress.getAllByName(target.name())) {
          addresses.add(new InetSocketAddress(each, target.port()));
        }
      }
      tryNext();
    } catch (UnknownHostException e) {
      LOG.log(Level.DEBUG, "there is no host " + Untrusted.shown(target), e);
      result.completeExceptionally(new IOException("there is no such host"));
    } catch (IllegalArgumentException e) {
      result.completeExceptionally(new IOException("no such path: " + e.getMessage(), e));
    }
  }

  private void tryNext() {
    SocketAddress next = addresses.poll();
    if (next == null) {
      IOException why = last;
      result.completeExceptionally(why == null ? new IOException("there is no address") : why);
      return;
    }
    if (result.isDone()) {
      return;
    }
    try {
      SocketChannel socket =
          target.unix() ? SocketChannel.open(StandardProtocolFamily.UNIX) : SocketChannel.open();
      current = socket;
      socket.configureBlocking(false);
      if (!target.unix()) {
        socket.setOption(StandardSocketOptions.TCP_NODELAY, true);
      }
      finishOrWait(socket, socket.connect(next));
    } catch (IOException | RuntimeException | Error e) {
      another(e);
    }
  }

  private void finishOrWait(SocketChannel socket, boolean connected) {
    if (connected) {
      if (!result.complete(socket)) {
        Sockets.closeQuietly(socket, context);
      }
      return;
    }
    context.select(socket, SelectionKey.OP_CONNECT, () -> finishLater(socket));
  }

  private void finishLater(SocketChannel socket) {
    try {
      context.executor().execute(() -> finish(socket));
    } catch (RejectedExecutionException e) {
      result.completeExceptionally(new IOException("everything is closing", e));
    } catch (Error e) {
      // This is the thread that waits for all channels.
      result.completeExceptionally(new IOException("there is no thread for it", e));
    }
  }

  private void finish(SocketChannel socket) {
    try {
      finishOrWait(socket, socket.finishConnect());
    } catch (IOException | RuntimeException | Error e) {
      another(e);
    }
  }

  private void another(Throwable failure) {
    Sockets.closeQuietly(current, context);
    last = failure instanceof IOException io ? io : new IOException(failure.getMessage(), failure);
    tryNext();
  }
}
