// SPDX-License-Identifier: Apache-2.0
package io.penstock.tls;

import io.penstock.error.BrokenPipeException;
import io.penstock.error.StreamClosedException;
import io.penstock.spi.Messages;
import io.penstock.spi.SinkDriver;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SelectableChannel;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import tlschannel.NeedsWriteException;

/** Encrypts what goes. */
final class TlsSink implements SinkDriver {
  private static final Logger LOG = Messages.log("tls");

  /** How many records are made at once. */
  private static final int CHUNKS = 16;

  private final TlsConnection connection;
  private final TlsTransport transport;
  private final SinkDriver below;

  TlsSink(TlsConnection connection) {
    this.connection = connection;
    this.transport = connection.transport;
    this.below = connection.belowSink;
  }

  @Override
  public int write(ByteBuffer src) throws IOException {
    connection.lock();
    try {
      IOException failure = connection.outFailure;
      if (failure != null) {
        throw failure;
      }
      if (connection.released) {
        throw new StreamClosedException(connection.name());
      }
      if (!connection.flush()) {
        return 0;
      }
      if (!src.hasRemaining()) {
        transport.ask();
        return 0;
      }
      int n = encrypt(src);
      connection.flush();
      if (n == 0) {
        throw connection.broken("the peer has closed the connection");
      }
      return n;
    } finally {
      connection.unlock();
    }
  }

  /** With the lock held. */
  private int encrypt(ByteBuffer src) throws IOException {
    if (!connection.modern() && (connection.handshaking() || connection.engine.isOutboundDone())) {
      // The engine would take nothing however often it is called.
      return 0;
    }
    int start = src.position();
    int limit = src.limit();
    int chunks = connection.buffers.scarce() ? 1 : CHUNKS;
    int size = Math.min(src.remaining(), chunks * TlsConnection.CHUNK);
    src.limit(start + size);
    transport.expect(size + (size / TlsConnection.CHUNK + 1) * TlsConnection.OVERHEAD);
    try {
      int unused = connection.tls.write(src);
    } catch (NeedsWriteException e) {
      // The bytes taken are encrypted and wait: the position tells how much.
      LOG.log(Level.TRACE, "{0}: no room below", connection.name());
    } catch (SSLException e) {
      throw failed(TlsFailures.reason(e), null);
    } catch (ClosedChannelException e) {
      IOException why = connection.inFailure;
      throw failed(
          why == null ? "the connection has failed" : String.valueOf(why.getMessage()), null);
    } catch (RuntimeException | AssertionError e) {
      throw failed(String.valueOf(connection.unreadable(e).getMessage()), e);
    } finally {
      src.limit(limit);
    }
    return src.position() - start;
  }

  private BrokenPipeException failed(String reason, @Nullable Throwable cause) {
    BrokenPipeException why = connection.broken(reason);
    if (cause != null) {
      why.initCause(cause);
    }
    connection.outFailure = why;
    return why;
  }

  @Override
  public void end() throws IOException {
    connection.lock();
    try {
      if (connection.outEnded) {
        return;
      }
      connection.outEnded = true;
      // Before the release: a connection that was cut has both.
      IOException failure = connection.outFailure;
      if (failure != null) {
        throw failure;
      }
      if (connection.released) {
        return;
      }
      connection.endOutput();
    } finally {
      connection.unlock();
    }
  }

  @Override
  public long room() {
    // Where a write would fail there is none; otherwise only a try can tell.
    return hasFailed() ? 0 : -1;
  }

  private boolean hasFailed() {
    return connection.outFailure != null || connection.released;
  }

  @Override
  public long pending() {
    return transport.unsent() + below.pending();
  }

  @Override
  public long unsent() {
    return transport.unsent() + below.unsent();
  }

  @Override
  public long dropped() {
    return transport.dropped() + below.dropped();
  }

  @Override
  public boolean ready() {
    return hasFailed() || below.ready();
  }

  @Override
  public void onReady(Runnable callback) {
    connection.onSinkReady(callback);
  }

  @Override
  public @Nullable SelectableChannel selectable() {
    return below.selectable();
  }

  @Override
  public int interest() {
    return below.interest();
  }

  @Override
  public void close() {
    // The end was sent by end(); the channel below goes with this one.
  }
}
