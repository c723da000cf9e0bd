// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.agent;

import io.penstock.ssh.impl.Secret;
import java.io.EOFException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.CancelledKeyException;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/**
 * A connection to an agent: each request has one answer. For one thread at a time, which waits;
 * {@link #close} ends that from another one.
 */
public final class AgentSocket implements AutoCloseable {
  /** As OpenSSH's agent has it. */
  static final int MAX_MESSAGE = 256 * 1024;

  private static final int HEADER = 4;

  private final Path path;
  private final SocketChannel channel;
  private final Selector selector;
  private final SelectionKey key;
  private volatile boolean closed;

  private AgentSocket(Path path, SocketChannel channel, Selector selector, SelectionKey key) {
    this.path = path;
    this.channel = channel;
    this.selector = selector;
    this.key = key;
  }

  /**
   * Connects.
   *
   * @param path the agent's socket
   * @throws IOException if there is no listener
   */
  public static AgentSocket open(Path path) throws IOException {
    SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
    try {
      channel.connect(UnixDomainSocketAddress.of(path));
      channel.configureBlocking(false);
      Selector selector = Selector.open();
      try {
        SelectionKey key = channel.register(selector, 0);
        return new AgentSocket(path, channel, selector, key);
      } catch (IOException | RuntimeException | Error e) {
        selector.close();
        throw e;
      }
    } catch (IOException e) {
      channel.close();
      throw new IOException("agent: " + path + " cannot be reached: " + Secret.reason(e), e);
    } catch (RuntimeException | Error e) {
      channel.close();
      throw new IOException("agent: " + path + " cannot be reached: " + e.getMessage(), e);
    }
  }

  /** Whether it was not closed here. */
  public boolean isOpen() {
    return !closed;
  }

  /** Where the agent is. */
  public Path path() {
    return path;
  }

  /**
   * Asks, and waits for the answer.
   *
   * @param request the message without its length
   * @param deadline as {@link System#nanoTime} counts
   * @return the answer without its length
   * @throws IOException if the agent has gone, is late or sends too much
   */
  public byte[] ask(byte[] request, long deadline) throws IOException {
    ByteBuffer out = ByteBuffer.allocate(HEADER + request.length);
    out.putInt(request.length).put(request).flip();
    while (out.hasRemaining()) {
      if (channel.write(out) <= 0) {
        await(SelectionKey.OP_WRITE, deadline);
      }
    }
    int length = read(HEADER, deadline).getInt();
    if (length < 1 || length > MAX_MESSAGE) {
      throw new IOException(
          "agent: " + path + " sends " + length + " bytes, expected 1 to " + MAX_MESSAGE);
    }
    return read(length, deadline).array();
  }

  private ByteBuffer read(int length, long deadline) throws IOException {
    ByteBuffer in = ByteBuffer.allocate(length);
    while (in.hasRemaining()) {
      int n = channel.read(in);
      if (n == -1) {
        throw new EOFException("agent: " + path + " has closed the connection");
      }
      // Below -1 a signal has interrupted the call.
      if (n <= 0) {
        await(SelectionKey.OP_READ, deadline);
      }
    }
    return in.flip();
  }

  private void await(int operation, long deadline) throws IOException {
    long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
    if (left <= 0) {
      throw new IOException("agent: " + path + " does not answer in time");
    }
    try {
      key.interestOps(operation);
      int unused = selector.select(left);
      selector.selectedKeys().clear();
    } catch (ClosedSelectorException | CancelledKeyException e) {
      throw new IOException("agent: the connection to " + path + " was closed", e);
    }
    if (closed) {
      throw new IOException("agent: the connection to " + path + " was closed");
    }
    if (Thread.currentThread().isInterrupted()) {
      throw new InterruptedIOException("agent: interrupted while waiting for " + path);
    }
  }

  @Override
  public void close() throws IOException {
    closed = true;
    // The waiting thread looks at it; the descriptor is freed with the selector.
    selector.close();
    channel.close();
  }
}
