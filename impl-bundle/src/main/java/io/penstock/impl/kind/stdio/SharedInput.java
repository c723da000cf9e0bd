// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.stdio;

import io.penstock.error.StreamClosedException;
import io.penstock.impl.kind.support.Failures;
import io.penstock.impl.posix.Adopted;
import io.penstock.impl.posix.Linux;
import io.penstock.spi.Messages;
import io.penstock.spi.ProviderContext;
import io.penstock.spi.SourceDriver;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import org.jspecify.annotations.Nullable;

/**
 * Reads a socket that others use, too, whose mode is not ours to change: each call says for itself
 * that it does not wait. Closing it leaves the socket as it is.
 */
final class SharedInput implements SourceDriver {
  private static final Logger LOG = Messages.log("stdio");
  private static final int PIECE = 64 * 1024;

  private final Adopted socket;
  private final ProviderContext context;
  private @Nullable ByteBuffer direct;
  private volatile boolean ended;

  SharedInput(Adopted socket, ProviderContext context) {
    this.socket = socket;
    this.context = context;
  }

  @Override
  public int read(ByteBuffer dst) throws IOException {
    if (ended) {
      return -1;
    }
    int most = Math.min(PIECE, dst.remaining());
    if (dst.isDirect()) {
      int n = receive(dst, dst.position(), most);
      dst.position(dst.position() + Math.max(0, n));
      return n;
    }
    ByteBuffer memory = direct;
    if (memory == null) {
      memory = ByteBuffer.allocateDirect(PIECE);
      direct = memory;
    }
    int n = receive(memory, 0, most);
    if (n > 0) {
      dst.put(memory.clear().limit(n));
    }
    return n;
  }

  private int receive(ByteBuffer memory, int offset, int length) throws IOException {
    long address = socket.calls().address(memory) + offset;
    int n;
    try {
      n = socket.call(fd -> socket.calls().recv(fd, address, length, Linux.MSG_DONTWAIT));
    } catch (ClosedChannelException e) {
      throw new StreamClosedException(context.name());
    } finally {
      Reference.reachabilityFence(memory);
    }
    if (n == -Linux.EAGAIN || n == -Linux.EINTR) {
      return 0;
    }
    if (n < 0) {
      throw Failures.unreadable(context.name(), Linux.failure("recv", n));
    }
    ended = n == 0;
    return n == 0 ? -1 : n;
  }

  @Override
  public boolean ready() {
    return ended;
  }

  @Override
  public boolean ended() {
    return ended;
  }

  @Override
  public void onReady(Runnable ready) {
    // Only the selector can tell.
  }

  @Override
  public @Nullable SelectableChannel selectable() {
    return socket.input();
  }

  @Override
  public int interest() {
    return SelectionKey.OP_READ;
  }

  @Override
  public void close() throws IOException {
    try {
      socket.close();
    } finally {
      context.forgetClosed();
    }
  }

  void cut() {
    try {
      close();
    } catch (IOException e) {
      LOG.log(Level.WARNING, context.name() + ": the input could not be closed", e);
    }
  }
}
