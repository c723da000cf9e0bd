// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.server;

import io.penstock.spi.AcceptRest;
import io.penstock.spi.Messages;
import io.penstock.spi.ProviderContext;
import io.penstock.ssh.impl.Untrusted;
import io.penstock.ssh.impl.forward.SerialTask;
import io.penstock.ssh.impl.forward.Sockets;
import io.penstock.ssh.impl.forward.Target;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SelectionKey;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/** An address at which we listen for a client. Nothing but {@link #closeAndSettle} waits. */
final class RemoteListener {
  private static final Logger LOG = Messages.log("ssh.server");

  /** How long a client waits at most until an address is free. */
  private static final Duration SETTLE = Duration.ofSeconds(1);

  private static final String OCTET = "(25[0-5]|2[0-4]\\d|1?\\d?\\d)";

  /**
   * A peer that has connected.
   *
   * @param socket in non-blocking mode
   * @param host empty for a Unix socket
   * @param port 0 for a Unix socket
   */
  record Peer(SocketChannel socket, String host, int port) {}

  private final ServerSocketChannel socket;
  private final Target address;
  private final ProviderContext context;
  private final BiConsumer<Peer, Target> serve;
  private final SerialTask accepting;
  // Only for that task.
  private final AcceptRest rest = new AcceptRest();
  // What tells the file of a Unix socket from another of its name.
  private final @Nullable Object identity;

  private RemoteListener(
      ServerSocketChannel socket,
      Target address,
      ProviderContext context,
      Executor executor,
      BiConsumer<Peer, Target> serve,
      @Nullable Object identity) {
    this.socket = socket;
    this.address = address;
    this.context = context;
    this.serve = serve;
    this.accepting = new SerialTask(executor, this::acceptOne, this::close);
    this.identity = identity;
  }

  /**
   * Binds, without asking a name server.
   *
   * @param asked in the words of the client
   * @param serve is called with each peer that has connected, and the address
   * @throws IOException if it cannot be bound
   */
  static RemoteListener bind(
      Target asked,
      int backlog,
      ProviderContext context,
      Executor executor,
      BiConsumer<Peer, Target> serve)
      throws IOException {
    SocketAddress where = where(asked);
    ServerSocketChannel socket =
        asked.unix()
            ? ServerSocketChannel.open(StandardProtocolFamily.UNIX)
            : ServerSocketChannel.open();
    try {
      socket.configureBlocking(false);
      Object identity = null;
      if (where instanceof UnixDomainSocketAddress unix) {
        identity = OwnSocket.bind(socket, unix.getPath(), backlog);
      } else {
        socket.bind(where, backlog);
      }
      // The client knows the address by its own words, and the port that the system chose.
      Target address =
          socket.getLocalAddress() instanceof InetSocketAddress bound
              ? Target.tcp(asked.name(), bound.getPort())
              : asked;
      return new RemoteListener(socket, address, context, executor, serve, identity);
    } catch (IOException e) {
      Sockets.closeQuietly(socket, context);
      throw e;
    } catch (RuntimeException e) {
      // An address of a kind that there is not.
      Sockets.closeQuietly(socket, context);
      throw new IOException(e.getMessage(), e);
    }
  }

  private static SocketAddress where(Target asked) throws IOException {
    if (asked.unix()) {
      try {
        return asked.address();
      } catch (IllegalArgumentException e) {
        throw new IOException("no such path: " + e.getMessage(), e);
      }
    }
    String host = asked.name();
    if (host.isEmpty() || host.equals("*")) {
      return new InetSocketAddress(asked.port());
    }
    if (host.equals("localhost")) {
      return new InetSocketAddress(InetAddress.getLoopbackAddress(), asked.port());
    }
    if (host.indexOf(':') >= 0 || host.matches(OCTET + "(\\." + OCTET + "){3}")) {
      return new InetSocketAddress(InetAddress.getByName(host), asked.port());
    }
    throw new IOException("names are not looked up; expected localhost or an address of ours");
  }

  /** With the real port. */
  Target address() {
    return address;
  }

  /** Accepts from now on. */
  void begin() {
    accepting.wake();
  }

  private boolean acceptOne() {
    try {
      SocketChannel peer = socket.accept();
      rest.over();
      if (peer == null) {
        context.select(socket, SelectionKey.OP_ACCEPT, accepting::wake);
        return false;
      }
      accepted(peer);
      return true;
    } catch (ClosedChannelException e) {
      LOG.log(Level.DEBUG, Untrusted.shown(address) + " is not listened at any more", e);
      return false;
    } catch (IOException | RuntimeException | Error e) {
      // First, because for want of memory a logger may fail, too.
      Object unused = context.after(rest.next(), accepting::wake);
      rest.tell(
          () ->
              LOG.log(
                  Level.WARNING,
                  "{0}: nobody is accepted for a while: {1}",
                  Untrusted.shown(address),
                  Untrusted.shown(e.getMessage())));
      return false;
    }
  }

  private void accepted(SocketChannel peer) {
    try {
      peer.configureBlocking(false);
      InetSocketAddress from =
          peer.getRemoteAddress() instanceof InetSocketAddress inet ? inet : null;
      if (from != null) {
        peer.setOption(StandardSocketOptions.TCP_NODELAY, true);
      }
      serve.accept(new Peer(peer, text(from), from == null ? 0 : from.getPort()), address);
    } catch (IOException e) {
      LOG.log(Level.DEBUG, Untrusted.shown(address) + ": the peer that had connected has gone", e);
      Sockets.closeQuietly(peer, context);
    } catch (RuntimeException | Error e) {
      Sockets.closeQuietly(peer, context);
      throw e;
    }
  }

  private static String text(@Nullable InetSocketAddress from) {
    return from == null ? "" : from.getAddress().getHostAddress();
  }

  /**
   * Gives the address back. Waits for a moment until it is free, so that a client that is told so
   * can use it again at once.
   */
  void closeAndSettle() {
    CountDownLatch free = new CountDownLatch(1);
    close();
    context.forgetClosed(free::countDown);
    try {
      if (!free.await(SETTLE.toMillis(), TimeUnit.MILLISECONDS)) {
        LOG.log(Level.WARNING, "{0} was not free in {1}", Untrusted.shown(address), SETTLE);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Gives the address back. Idempotent. */
  void close() {
    boolean open = socket.isOpen();
    Sockets.closeQuietly(socket, context);
    if (open && address.unix()) {
      Path file = Path.of(address.name());
      try {
        if (Files.exists(file) && Objects.equals(OwnSocket.identity(file), identity)) {
          Files.delete(file);
        }
      } catch (IOException e) {
        LOG.log(
            Level.WARNING,
            "{0} could not be removed: {1}",
            Untrusted.shown(address),
            Untrusted.shown(e.getMessage()));
      }
    }
  }
}
