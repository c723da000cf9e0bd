// SPDX-License-Identifier: Apache-2.0
package io.penstock.tls;

import io.penstock.error.HandshakeException;
import io.penstock.error.StreamClosedException;
import io.penstock.error.StreamTruncatedException;
import io.penstock.spi.SourceDriver;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectableChannel;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import tlschannel.NeedsReadException;
import tlschannel.NeedsWriteException;

/**
 * Decrypts what comes.
 *
 * <p>Bytes that were decrypted but not asked for wait in a buffer of one record. After each read
 * that buffer has bytes, or an end is known, or only the channel below can bring more. So readiness
 * follows from these.
 */
final class TlsSource implements SourceDriver {
  private final TlsConnection connection;
  private final TlsTransport transport;
  private final Borrowed buffers;
  private volatile int peeked;
  private volatile boolean ended;
  private volatile boolean readNeedsRoom;

  // Guarded by the lock of the connection.
  private @Nullable ByteBuffer peek;
  private long received;
  private boolean closed;

  TlsSource(TlsConnection connection) {
    this.connection = connection;
    this.transport = connection.transport;
    this.buffers = connection.buffers;
  }

  // ---- for the product

  @Override
  public int read(ByteBuffer dst) throws IOException {
    connection.lock();
    try {
      int n = fromPeek(dst);
      if (n == 0) {
        n = fresh(dst);
      } else if (peeked == 0 && dst.remaining() >= BufferStock.RECORD) {
        n += Math.max(0, decrypt(dst, false));
      }
      if (n > 0) {
        lookAhead(false);
      }
      sendAnswer();
      return n;
    } finally {
      connection.unlock();
    }
  }

  @Override
  public long available() {
    return peeked;
  }

  @Override
  public boolean ended() {
    return ended && peeked == 0;
  }

  @Override
  public boolean ready() {
    if (hasNews()) {
      return true;
    }
    if (!connection.belowSource.ready() || !connection.tryLock(TlsConnection.SOURCE)) {
      return false;
    }
    // The channel below may have less than a whole record: only an attempt to decrypt it tells.
    try {
      lookAhead(true);
      sendAnswer();
      return hasNews();
    } finally {
      connection.unlock();
    }
  }

  private boolean hasNews() {
    return peeked > 0 || ended || connection.inFailure != null;
  }

  @Override
  public void onReady(Runnable callback) {
    connection.onSourceReady(callback);
  }

  @Override
  public @Nullable SelectableChannel selectable() {
    return readNeedsRoom ? connection.belowSink.selectable() : connection.belowSource.selectable();
  }

  @Override
  public int interest() {
    return readNeedsRoom ? connection.belowSink.interest() : connection.belowSource.interest();
  }

  @Override
  public void close() throws IOException {
    connection.lock();
    try {
      if (closed) {
        return;
      }
      closed = true;
      drop();
      transport.clearInput();
    } finally {
      connection.unlock();
    }
    connection.belowSource.close();
  }

  // ---- with the lock held

  /** Sends what the engine may have written in answer to the peer, such as new keys of its own. */
  void sendAnswer() {
    if (transport.blocked()) {
      connection.flushQuietly();
    }
  }

  private int fresh(ByteBuffer dst) throws IOException {
    readNeedsRoom = false;
    int n;
    if (dst.remaining() >= BufferStock.RECORD) {
      n = decrypt(dst, true);
    } else {
      lookAhead(true);
      n = fromPeek(dst);
    }
    if (n > 0) {
      return n;
    }
    IOException failure = connection.inFailure;
    if (failure != null) {
      throw failure;
    }
    if (connection.released || closed) {
      throw new StreamClosedException(connection.name());
    }
    return ended ? -1 : 0;
  }

  private int fromPeek(ByteBuffer dst) {
    ByteBuffer ahead = peek;
    if (ahead == null) {
      return 0;
    }
    int n = Math.min(ahead.remaining(), dst.remaining());
    dst.put(dst.position(), ahead, ahead.position(), n).position(dst.position() + n);
    ahead.position(ahead.position() + n);
    peeked = ahead.remaining();
    if (peeked == 0) {
      peek = null;
      buffers.free(ahead);
    }
    return n;
  }

  /** Fills the buffer of one record, if it is empty and there is something to fill it with. */
  void lookAhead(boolean mayRead) {
    if (peek != null || over()) {
      return;
    }
    ByteBuffer ahead = buffers.record();
    transport.mayRead(mayRead, 2 * BufferStock.RECORD);
    int n = decryptOne(ahead);
    if (n > 0) {
      peek = ahead.flip();
      peeked = n;
    } else {
      buffers.free(ahead);
    }
  }

  /** Forgets what was decrypted and not read. */
  void drop() {
    ByteBuffer ahead = peek;
    peek = null;
    peeked = 0;
    if (ahead != null) {
      buffers.free(ahead);
    }
  }

  private int decrypt(ByteBuffer dst, boolean mayRead) {
    int total = 0;
    int records = dst.remaining() / TlsConnection.CHUNK + 1;
    transport.mayRead(mayRead, dst.remaining() + records * TlsConnection.OVERHEAD);
    while (!over() && dst.remaining() >= BufferStock.RECORD) {
      int n = decryptOne(dst);
      if (n == 0) {
        break;
      }
      total += n;
      transport.mayRead(false, 0);
    }
    return total;
  }

  private boolean over() {
    return ended || connection.released || closed || connection.inFailure != null;
  }

  /** Returns 0 for nothing now, or when an end or a failure was found and is noted. */
  private int decryptOne(ByteBuffer dst) {
    try {
      int n = connection.tls.read(dst);
      if (n >= 0) {
        received += n;
        return n;
      }
      if (connection.tls.shutdownReceived()) {
        ended = true;
      } else {
        connection.inFailure =
            new StreamTruncatedException(
                connection.name(),
                "the connection ended after "
                    + received
                    + " bytes without the end of the stream (close_notify): it may have been cut",
                received);
      }
    } catch (NeedsReadException e) {
      refuseRenegotiation();
    } catch (NeedsWriteException e) {
      readNeedsRoom = true;
    } catch (SSLException e) {
      connection.tellPeer();
      connection.inFailure = TlsFailures.handshake(connection.name(), e);
    } catch (IOException e) {
      connection.inFailure = e;
    } catch (RuntimeException | AssertionError e) {
      connection.inFailure = connection.unreadable(e);
    }
    return 0;
  }

  /**
   * In TLS 1.2 a peer may ask for a second handshake. It would make writes depend on reads, and
   * every use of it is dangerous.
   */
  private void refuseRenegotiation() {
    if (!connection.modern() && !connection.outEnded && connection.handshaking()) {
      connection.engine.closeOutbound();
      connection.tellPeer();
      connection.inFailure =
          new HandshakeException(
              connection.name(), "the peer asked for a second handshake: refused", null);
    }
  }
}
