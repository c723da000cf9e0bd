// SPDX-License-Identifier: Apache-2.0
package io.penstock.tls;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.SocketChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.util.List;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import org.jspecify.annotations.Nullable;

/** A client that decides for itself which bytes of its records go when. Blocking. */
final class RawPeer implements AutoCloseable {
  private final ReadableByteChannel from;
  private final WritableByteChannel to;
  private final SSLEngine engine;
  private final ByteBuffer in = ByteBuffer.allocate(64 * 1024).flip();
  private final ByteBuffer plain = ByteBuffer.allocate(64 * 1024);

  RawPeer(int port, String protocol) throws IOException {
    this(connected(port), protocol);
  }

  private RawPeer(SocketChannel socket, String protocol) throws IOException {
    this(socket, socket, protocol);
  }

  /** The same, above any transport. */
  RawPeer(ReadableByteChannel from, WritableByteChannel to, String protocol) throws IOException {
    this.from = from;
    this.to = to;
    engine =
        new TlsOptions(
                false,
                "localhost",
                1,
                true,
                List.of(protocol),
                List.of(),
                List.of(),
                TlsOptions.ClientAuth.NONE,
                java.time.Duration.ofSeconds(10),
                files())
            .engine(new Material(files()).current());
    engine.beginHandshake();
    while (engine.getHandshakeStatus() != HandshakeStatus.NOT_HANDSHAKING) {
      switch (engine.getHandshakeStatus()) {
        case NEED_WRAP -> send(record(ByteBuffer.allocate(0)));
        case NEED_TASK -> engine.getDelegatedTask().run();
        default -> unwrap();
      }
    }
  }

  private static SocketChannel connected(int port) throws IOException {
    SocketChannel socket = SocketChannel.open(new InetSocketAddress("127.0.0.1", port));
    socket.setOption(StandardSocketOptions.TCP_NODELAY, true);
    return socket;
  }

  private static Material.Files files() {
    return new Material.Files(List.of(), List.of(), null, List.of(Bench.TRUST.toString()), none());
  }

  private static @Nullable Path none() {
    return null;
  }

  /** Decrypts one record; returns false at the end of the transport. */
  boolean unwrap() throws IOException {
    while (true) {
      SSLEngineResult result = engine.unwrap(in, plain);
      if (result.getStatus() != SSLEngineResult.Status.BUFFER_UNDERFLOW) {
        return true;
      }
      in.compact();
      int n = from.read(in);
      in.flip();
      if (n < 0) {
        return false;
      }
    }
  }

  /** Encrypts what goes into one record. */
  ByteBuffer record(ByteBuffer src) throws IOException {
    ByteBuffer out = ByteBuffer.allocate(engine.getSession().getPacketBufferSize() + 1024);
    engine.wrap(src, out);
    return out.flip();
  }

  ByteBuffer record(byte[] bytes) throws IOException {
    return record(ByteBuffer.wrap(bytes));
  }

  /** The record that says that nothing more will come. */
  ByteBuffer closeNotify() throws IOException {
    engine.closeOutbound();
    return record(ByteBuffer.allocate(0));
  }

  /** Begins another handshake, as TLS 1.2 allows. */
  ByteBuffer renegotiation() throws IOException {
    engine.beginHandshake();
    return record(ByteBuffer.allocate(0));
  }

  /** Changes its keys, as TLS 1.3 allows, and asks the other side to change its own. */
  ByteBuffer keyUpdate() throws IOException {
    return renegotiation();
  }

  static ByteBuffer joined(ByteBuffer... parts) {
    int size = 0;
    for (ByteBuffer part : parts) {
      size += part.remaining();
    }
    ByteBuffer all = ByteBuffer.allocate(size);
    for (ByteBuffer part : parts) {
      all.put(part);
    }
    return all.flip();
  }

  void send(ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      to.write(bytes);
    }
  }

  /** Ends the transport without ending the stream. */
  void cut() throws IOException {
    ((SocketChannel) to).shutdownOutput();
  }

  /** Reads until so many bytes were decrypted, or the stream has ended. */
  int read(byte[] dst) throws IOException {
    while (plain.position() < dst.length && !engine.isInboundDone() && unwrap()) {
      // The next record.
    }
    plain.flip();
    int n = Math.min(dst.length, plain.remaining());
    plain.get(dst, 0, n);
    plain.compact();
    return n;
  }

  @Override
  public void close() throws IOException {
    from.close();
    to.close();
  }
}
