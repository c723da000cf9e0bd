// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.process;

import io.penstock.error.BrokenPipeException;
import io.penstock.error.StreamClosedException;
import io.penstock.impl.kind.support.Failures;
import io.penstock.impl.kind.support.selectable.Bounded;
import io.penstock.spi.Messages;
import io.penstock.spi.SinkDriver;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.Pipe;
import java.nio.channels.SelectionKey;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * What a child reads, written to the pipe itself. Nobody else's selector ever holds the pipe: one
 * that does keeps it from being closed, and the child would not see the end.
 */
final class ChildInput implements SinkDriver {
  private static final Logger LOG = Messages.log("process");

  private final String name;
  private final Pipe.SinkChannel channel;
  private final Children children;
  private final AtomicBoolean watched = new AtomicBoolean();
  private volatile Runnable ready = () -> {};
  private volatile boolean full;
  private volatile boolean unread = true;
  private volatile @Nullable IOException why;

  /** Takes our end of a pipe over, which is non-blocking. */
  ChildInput(String name, Pipe.SinkChannel channel, Children children) {
    this.name = name;
    this.channel = channel;
    this.children = children;
  }

  @Override
  public int write(ByteBuffer src) throws IOException {
    IOException reason = why;
    if (reason != null) {
      throw broken(reason);
    }
    int want = src.remaining();
    int n;
    try {
      n = Bounded.write(channel, src);
    } catch (ClosedChannelException e) {
      throw new StreamClosedException(name);
    } catch (IOException e) {
      unread = Failures.isBrokenPipe(e);
      why = e;
      if (unread) {
        // A program that reads it all the same must not wait for more.
        end();
      }
      throw broken(e);
    }
    if (n < Math.min(want, Bounded.PIECE)) {
      full = true;
      if (watched.compareAndSet(false, true)) {
        watch(n);
      }
    }
    return n;
  }

  /** What was written is counted: the next write, which can write nothing, says what is wrong. */
  private void watch(int written) throws IOException {
    try {
      children.watch(channel, SelectionKey.OP_WRITE, this::emptied);
    } catch (IOException e) {
      watched.set(false);
      full = false;
      if (written == 0) {
        throw e;
      }
    }
  }

  /** On the thread of all children. */
  private boolean emptied() {
    watched.set(false);
    full = false;
    ready.run();
    // Filled again meanwhile: the writer has asked for another watch.
    return false;
  }

  private IOException broken(IOException failure) {
    if (!unread) {
      return new IOException(
          name + ": the system has failed: " + Failures.reason(failure), failure);
    }
    BrokenPipeException broken =
        new BrokenPipeException(
            name, "the child does not read any more: " + Failures.reason(failure), 0);
    broken.initCause(failure);
    return broken;
  }

  @Override
  public void end() throws IOException {
    try {
      channel.close();
    } finally {
      children.release();
    }
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

  void abort(Throwable cause) {
    why = Failures.io(cause);
    try {
      end();
    } catch (IOException e) {
      LOG.log(Level.WARNING, name + ": the output could not be closed", e);
    }
    ready.run();
  }
}
