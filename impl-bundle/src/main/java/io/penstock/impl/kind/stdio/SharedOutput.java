// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.stdio;

import io.penstock.error.BrokenPipeException;
import io.penstock.error.StreamClosedException;
import io.penstock.impl.posix.Adopted;
import io.penstock.impl.posix.Linux;
import io.penstock.spi.ProviderContext;
import io.penstock.spi.SinkDriver;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SelectionKey;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * Writes a socket that others use, too, whose mode is not ours to change: each call says for itself
 * that it does not wait. Closing it leaves the socket as it is.
 */
final class SharedOutput implements SinkDriver {
  private static final Logger LOG = System.getLogger("io.penstock");
  private static final int PIECE = 64 * 1024;
  private static final int FLAGS = Linux.MSG_DONTWAIT | Linux.MSG_NOSIGNAL;

  private final Adopted socket;
  private final ProviderContext context;
  private final AtomicBoolean watched = new AtomicBoolean();
  private @Nullable ByteBuffer direct;
  private volatile Runnable ready = () -> {};
  private volatile boolean full;
  private volatile @Nullable String why;

  SharedOutput(Adopted socket, ProviderContext context) {
    this.socket = socket;
    this.context = context;
  }

  @Override
  public int write(ByteBuffer src) throws IOException {
    String reason = why;
    if (reason != null) {
      throw broken(reason);
    }
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
    if (n < want) {
      full = true;
      if (watched.compareAndSet(false, true)) {
        context.select(
            Objects.requireNonNull(socket.output()), SelectionKey.OP_WRITE, this::emptied);
      }
    }
    return n;
  }

  private int send(ByteBuffer memory, int offset, int length) throws IOException {
    long address = socket.calls().address(memory) + offset;
    int n;
    try {
      n = socket.call(fd -> socket.calls().send(fd, address, length, FLAGS));
    } catch (ClosedChannelException e) {
      throw new StreamClosedException(context.name());
    } finally {
      Reference.reachabilityFence(memory);
    }
    if (n == -Linux.EAGAIN || n == -Linux.EINTR) {
      return 0;
    }
    if (n < 0) {
      String reason = String.valueOf(Linux.failure("send", n).getMessage());
      why = reason;
      throw broken(reason);
    }
    return n;
  }

  private void emptied() {
    watched.set(false);
    full = false;
    ready.run();
  }

  private BrokenPipeException broken(String reason) {
    return new BrokenPipeException(context.name(), "it cannot be written any more: " + reason, 0);
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
  public long room() {
    return why == null ? -1 : 0;
  }

  @Override
  public boolean ready() {
    return why != null || !full;
  }

  @Override
  public void onReady(Runnable callback) {
    ready = callback;
  }

  @Override
  public void close() throws IOException {
    end();
  }

  void cut() {
    try {
      close();
    } catch (IOException e) {
      LOG.log(Level.WARNING, context.name() + ": the output could not be closed", e);
    }
  }
}
