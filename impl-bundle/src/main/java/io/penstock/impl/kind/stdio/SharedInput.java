// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.stdio;

import io.penstock.error.StreamClosedException;
import io.penstock.impl.kind.support.Failures;
import io.penstock.impl.kind.support.selectable.SelectedSource;
import io.penstock.impl.posix.Adopted;
import io.penstock.impl.posix.Linux;
import io.penstock.spi.ProviderContext;
import java.io.IOException;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import org.jspecify.annotations.Nullable;

/**
 * Reads a socket that others use, too, whose mode is not ours to change: each call says for itself
 * that it does not wait. Closing it leaves the socket as it is.
 */
final class SharedInput extends SelectedSource {
  private static final int PIECE = 64 * 1024;

  private final Adopted socket;
  private @Nullable ByteBuffer direct;

  SharedInput(Adopted socket, ProviderContext context) {
    super(context, socket.input());
    this.socket = socket;
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
  public void close() throws IOException {
    try {
      socket.close();
    } finally {
      context.forgetClosed();
    }
  }
}
