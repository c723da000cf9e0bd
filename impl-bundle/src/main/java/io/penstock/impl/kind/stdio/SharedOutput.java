// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.stdio;

import io.penstock.impl.kind.support.selectable.SelectedSink;
import io.penstock.impl.posix.Adopted;
import io.penstock.impl.posix.Linux;
import io.penstock.spi.ProviderContext;
import java.io.IOException;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Writes a socket that others use, too, whose mode is not ours to change: each call says for itself
 * that it does not wait. Closing it leaves the socket as it is.
 */
final class SharedOutput extends SelectedSink {
  private static final int PIECE = 64 * 1024;
  private static final int FLAGS = Linux.MSG_DONTWAIT | Linux.MSG_NOSIGNAL;

  private final Adopted socket;
  private final ProviderContext context;
  private @Nullable ByteBuffer direct;

  SharedOutput(Adopted socket, ProviderContext context) {
    super(context, Objects.requireNonNull(socket.output()), "it cannot be written any more");
    this.socket = socket;
    this.context = context;
  }

  @Override
  protected int piece() {
    return PIECE;
  }

  @Override
  protected int move(ByteBuffer src) throws IOException {
    int want = Math.min(PIECE, src.remaining());
    int n;
    if (src.isDirect()) {
      n = send(src, src.position(), want);
    } else {
      ByteBuffer memory = direct;
      if (memory == null) {
        memory = ByteBuffer.allocateDirect(PIECE);
        direct = memory;
      }
      memory.clear().put(0, src, src.position(), want);
      n = send(memory, 0, want);
    }
    src.position(src.position() + n);
    return n;
  }

  private int send(ByteBuffer memory, int offset, int length) throws IOException {
    long address = socket.calls().address(memory) + offset;
    int n;
    try {
      n = socket.call(fd -> socket.calls().send(fd, address, length, FLAGS));
    } finally {
      Reference.reachabilityFence(memory);
    }
    return n == -Linux.EAGAIN || n == -Linux.EINTR ? 0 : Linux.check("send", n);
  }

  @Override
  public void end() throws IOException {
    try {
      socket.close();
    } finally {
      context.forgetClosed();
    }
  }

  @Override
  public void close() throws IOException {
    end();
  }
}
