// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.support.socket;

import io.penstock.channel.Endpoint;
import io.penstock.impl.kind.support.Failures;
import io.penstock.impl.posix.Descriptor;
import io.penstock.impl.posix.DescriptorSource;
import io.penstock.impl.posix.Linux;
import io.penstock.impl.posix.Posix;
import io.penstock.impl.posix.PosixAccess;
import io.penstock.impl.posix.SocketNumber;
import io.penstock.spi.ChannelDriver;
import io.penstock.spi.ListenerDriver;
import io.penstock.spi.Messages;
import io.penstock.spi.ProviderContext;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.StandardSocketOptions;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/** A bound socket that accepts connections. */
public final class SocketListener implements ListenerDriver {
  /** Prepares what was accepted. */
  @FunctionalInterface
  public interface Setup {
    /** Sets the options of a connection. */
    void apply(SocketChannel accepted) throws IOException;
  }

  /** Gives back what a listener has beside its socket. */
  @FunctionalInterface
  public interface Cleanup {
    /** Runs once, before the socket is closed. */
    void run() throws IOException;
  }

  private static final Logger LOG = Messages.log("kind");

  private final Endpoint endpoint;
  private final ServerSocketChannel server;
  private final @Nullable PosixAccess posix;
  private final Setup setup;
  private final Cleanup cleanup;
  private final AtomicBoolean closed = new AtomicBoolean();

  /** Whether it goes on listening in another hand. */
  private volatile boolean detached;

  /**
   * Takes a bound socket over.
   *
   * @param endpoint with the real address
   * @param server bound and non-blocking
   * @param posix tells more of the peers of a Unix socket; null for TCP
   * @param setup prepares each accepted connection
   * @param cleanup runs on close
   */
  public SocketListener(
      Endpoint endpoint,
      ServerSocketChannel server,
      @Nullable PosixAccess posix,
      Setup setup,
      Cleanup cleanup) {
    this.endpoint = endpoint;
    this.server = server;
    this.posix = posix;
    this.setup = setup;
    this.cleanup = cleanup;
  }

  @Override
  public @Nullable ChannelDriver accept(ProviderContext context) throws IOException {
    while (true) {
      SocketChannel accepted = next(context);
      if (accepted == null) {
        return null;
      }
      try {
        setup.apply(accepted);
        return posix == null
            ? new SocketDriver(context, accepted)
            : new SocketDriver(
                context, accepted, posix, UnixDomainSocketAddress.of(endpoint.address()));
      } catch (IOException e) {
        // That is no failure of the listener's, and the next peer may be served.
        refuse(accepted, e);
      } catch (RuntimeException | Error e) {
        accepted.close();
        throw e;
      }
    }
  }

  private @Nullable SocketChannel next(ProviderContext context) throws IOException {
    try {
      return server.accept();
    } catch (IOException e) {
      throw Failures.accepting(context.name(), e);
    }
  }

  /** Cuts a peer that cannot be served, so that it does not take this for the end of a stream. */
  private void refuse(SocketChannel accepted, IOException why) throws IOException {
    tellOfRefusal(endpoint, why);
    try (accepted) {
      if (posix == null) {
        accepted.setOption(StandardSocketOptions.SO_LINGER, 0);
      }
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "{0}: the peer had left already", endpoint.name(), e);
    }
  }

  /** Says that an accepted peer is not served. */
  static void tellOfRefusal(Endpoint endpoint, IOException why) {
    // Systems other than Linux refuse to set up a peer that has left already, which costs nobody
    // anything; Linux refuses only when it is short of something.
    LOG.log(
        Linux.isHere() ? Level.WARNING : Level.DEBUG,
        "{0}: a peer was cut, because the system could not set its connection up: {1}",
        endpoint,
        why.getMessage());
  }

  @Override
  public Endpoint endpoint() {
    return endpoint;
  }

  @Override
  public <T> Optional<T> facet(Class<T> type) {
    return type == DescriptorSource.class ? Optional.of(type.cast(new Own())) : Optional.empty();
  }

  private final class Own implements DescriptorSource {
    @Override
    public Descriptor duplicate(Posix calls) throws IOException {
      return SocketNumber.descriptor(server, calls);
    }

    @Override
    public void detach() {
      detached = true;
    }
  }

  @Override
  public boolean ready() {
    return false;
  }

  @Override
  public void onReady(Runnable ready) {
    // Only the selector can tell.
  }

  @Override
  public SelectableChannel selectable() {
    return server;
  }

  @Override
  public int interest() {
    return SelectionKey.OP_ACCEPT;
  }

  @Override
  public void close() throws IOException {
    if (!closed.compareAndSet(false, true)) {
      return;
    }
    try {
      if (!detached) {
        cleanup.run();
      }
    } finally {
      server.close();
    }
  }
}
