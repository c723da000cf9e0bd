// SPDX-License-Identifier: Apache-2.0
package io.penstock.tls;

import io.penstock.channel.Capability;
import io.penstock.channel.facet.TlsFacet;
import io.penstock.error.HandshakeException;
import io.penstock.error.StreamClosedException;
import io.penstock.spi.ChannelDriver;
import io.penstock.spi.Memory;
import io.penstock.spi.Messages;
import io.penstock.spi.ProviderContext;
import io.penstock.spi.SinkDriver;
import io.penstock.spi.SourceDriver;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.SocketAddress;
import java.nio.channels.ClosedChannelException;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import tlschannel.NeedsReadException;
import tlschannel.NeedsWriteException;

/**
 * TLS above a channel: its handshake, its two directions and its end. The library drives the
 * engine; {@link TlsConnection}, {@link TlsSource} and {@link TlsSink} do the rest.
 */
final class TlsDriver implements ChannelDriver {
  private static final Logger LOG = Messages.log("tls");

  /** The condition for a handshake to go on. */
  enum Need {
    NOTHING,
    INPUT,
    ROOM
  }

  private final ProviderContext context;
  private final ChannelDriver below;
  private final TlsConnection connection;
  private final TlsSource source;
  private final TlsSink sink;

  /** Takes a channel over, before anything was read from it or written to it. */
  TlsDriver(
      String name,
      ChannelDriver below,
      SSLEngine engine,
      BufferStock buffers,
      ProviderContext context)
      throws IOException {
    this.context = context;
    this.below = below;
    this.connection = new TlsConnection(name, below, engine, buffers, context, this::cut);
    this.source = new TlsSource(connection);
    this.sink = new TlsSink(connection);
  }

  String name() {
    return connection.name();
  }

  /** An accepted connection gets its name, and memory of its own, when the program accepts it. */
  void accepted(ProviderContext own) {
    connection.rename(own.name());
    Memory memory = own.memory(this::cut);
    connection.lock();
    try {
      if (connection.released) {
        memory.close();
      } else {
        connection.buffers.countTo(memory);
      }
    } finally {
      connection.unlock();
    }
  }

  // ---- the handshake

  /** Has a task told of every change below, while the handshake lasts. */
  void onBelow(Runnable task) {
    connection.onBelow(task);
  }

  /**
   * Goes on with the handshake as far as possible.
   *
   * @throws IOException why it failed; the peer was told if it can be
   */
  Need handshake() throws IOException {
    connection.lock();
    try {
      IOException failure = connection.inFailure;
      if (failure != null) {
        throw failure;
      }
      if (connection.released) {
        throw new StreamClosedException(name());
      }
      connection.transport.mayRead(true, BufferStock.RECORD);
      Need need = Need.NOTHING;
      try {
        connection.tls.handshake();
      } catch (NeedsReadException e) {
        need = Need.INPUT;
      } catch (NeedsWriteException e) {
        need = Need.ROOM;
      }
      boolean sent = connection.flush();
      if (need == Need.NOTHING) {
        if (!connection.agreed()) {
          throw closedTooEarly(null);
        }
        connection.facet = new Agreement(connection.engine);
        source.lookAhead(false);
        source.sendAnswer();
        return need;
      }
      return sent ? Need.INPUT : Need.ROOM;
    } catch (SSLException e) {
      connection.tellPeer();
      throw TlsFailures.handshake(name(), e);
    } catch (ClosedChannelException e) {
      throw e instanceof StreamClosedException ? e : closedTooEarly(e);
    } catch (RuntimeException | AssertionError e) {
      throw connection.unreadable(e);
    } finally {
      connection.unlock();
    }
  }

  private HandshakeException closedTooEarly(@Nullable Throwable cause) {
    return new HandshakeException(
        name(), "the peer closed the connection before the handshake was done", cause);
  }

  /** How many bytes the peer has sent. */
  long heard() {
    connection.lock();
    try {
      return connection.transport.heard();
    } finally {
      connection.unlock();
    }
  }

  // ---- the whole

  @Override
  public SourceDriver source() {
    return source;
  }

  @Override
  public SinkDriver sink() {
    return sink;
  }

  @Override
  public Set<Capability> capabilities() {
    Set<Capability> can = new HashSet<>(below.capabilities());
    // Its end is a message of its own, whatever the channel below makes of a cut.
    can.add(Capability.ABORT);
    // TLS 1.2 answers the end of one direction with the end of the other.
    if (connection.modern()) {
      can.add(Capability.HALF_CLOSE);
    } else {
      can.remove(Capability.HALF_CLOSE);
    }
    // The descriptor carries encrypted bytes: another program could only break the stream with it.
    // Nor do handles go along with the plain bytes.
    can.remove(Capability.DESCRIPTOR);
    can.remove(Capability.HANDLES);
    return can;
  }

  @Override
  public Optional<SocketAddress> local() {
    return below.local();
  }

  @Override
  public Optional<SocketAddress> peer() {
    return below.peer();
  }

  @Override
  public <T> Optional<T> facet(Class<T> type) {
    return type == TlsFacet.class
        ? Optional.ofNullable(connection.facet).map(type::cast)
        : below.facet(type);
  }

  @Override
  public @Nullable CompletionStage<Void> gone() {
    return below.gone();
  }

  // ---- the end

  private void release() {
    connection.lock();
    try {
      letGo();
    } finally {
      connection.unlock();
    }
  }

  private void letGo() {
    connection.released = true;
    source.drop();
    connection.transport.clear();
    // The library may have a part of a record.
    connection.buffers.close();
  }

  /** It holds more than there is memory for: reads and writes fail with that from now on. */
  private void cut(IOException cause) {
    connection.lock();
    try {
      if (connection.inFailure == null) {
        connection.inFailure = cause;
      }
      connection.outFailure = cause;
      letGo();
      connection.signal(TlsConnection.SOURCE | TlsConnection.SINK);
    } finally {
      connection.unlock();
    }
    below.abort(cause);
    context.forgetClosed();
  }

  @Override
  public void closing() {
    below.closing();
  }

  @Override
  public void close() throws IOException {
    release();
    try {
      connection.belowSink.end();
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "{0}: the connection has gone already", name(), e);
    }
    try {
      connection.belowSink.close();
      connection.belowSource.close();
    } finally {
      below.close();
    }
  }

  @Override
  public void abort(Throwable cause) {
    release();
    below.abort(cause);
  }
}
