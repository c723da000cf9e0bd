// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.support.selectable;

import io.penstock.error.StreamClosedException;
import io.penstock.impl.kind.support.AbortableSink;
import io.penstock.impl.kind.support.Failures;
import io.penstock.spi.Messages;
import io.penstock.spi.ProviderContext;
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
 * A sink that the product alone selects, and only while it is full: a selector of somebody else's
 * that holds the channel would keep the reader from seeing the end.
 */
public abstract class SelectedSink implements AbortableSink {
  private static final Logger LOG = Messages.log("kind");

  private final ProviderContext context;
  private final Pipe.SinkChannel channel;
  private final String complaint;
  private final boolean selectable;
  private final AtomicBoolean watched = new AtomicBoolean();
  private volatile Runnable ready = () -> {};
  private volatile boolean full;
  private volatile @Nullable IOException why;

  /**
   * A sink with room.
   *
   * @param context of the channel
   * @param channel takes the bytes, and tells when there is room
   * @param complaint what a failure is called, to which the reason is added
   */
  protected SelectedSink(ProviderContext context, Pipe.SinkChannel channel, String complaint) {
    this(context, channel, complaint, true);
  }

  /**
   * The same, of what may not be selected.
   *
   * @param selectable false for a file: it is always ready, and no selector tells
   */
  protected SelectedSink(
      ProviderContext context, Pipe.SinkChannel channel, String complaint, boolean selectable) {
    this.selectable = selectable;
    this.context = context;
    this.channel = channel;
    this.complaint = complaint;
  }

  /** How much is written at once at most, in bytes. */
  protected int piece() {
    return Bounded.PIECE;
  }

  /**
   * Writes up to a piece without waiting; fewer bytes say that there is no room for more now, if it
   * can be selected.
   */
  protected int move(ByteBuffer src) throws IOException {
    return Bounded.write(channel, src);
  }

  /** A write has failed; runs before its caller is told. */
  @SuppressWarnings("unused") // Most have nothing to do then.
  protected void lost(IOException reason) throws IOException {}

  /** There is room again; runs before the waiting caller is told. */
  protected void emptied() {}

  @Override
  public final int write(ByteBuffer src) throws IOException {
    IOException reason = why;
    if (reason != null) {
      throw broken(reason);
    }
    int want = Math.min(src.remaining(), piece());
    int n;
    try {
      n = move(src);
    } catch (ClosedChannelException e) {
      throw new StreamClosedException(context.name());
    } catch (IOException e) {
      breaks(e);
      lost(e);
      throw broken(e);
    }
    if (n < want && selectable) {
      try {
        watch();
      } catch (RuntimeException | Error e) {
        if (n == 0) {
          throw e;
        }
        // What was written is counted: the next write, which can write nothing, says it.
        LOG.log(Level.DEBUG, "{0}: its room cannot be waited for", context.name(), e);
      }
    }
    return n;
  }

  /** Has the waiting caller told as soon as there is room; for what can be selected. */
  protected final void watch() {
    full = true;
    if (watched.compareAndSet(false, true)) {
      boolean waits = false;
      try {
        context.select(channel, SelectionKey.OP_WRITE, this::selected);
        waits = true;
      } finally {
        if (!waits) {
          watched.set(false);
          full = false;
        }
      }
    }
  }

  private void selected() {
    watched.set(false);
    full = false;
    emptied();
    ready.run();
  }

  /** Says why nothing can be written from now on. */
  protected final void breaks(IOException reason) {
    why = reason;
  }

  /** Whether nothing can be written any more. */
  protected final boolean isBroken() {
    return why != null;
  }

  private IOException broken(IOException reason) {
    return Failures.unread(context.name(), complaint, reason);
  }

  @Override
  public final void abort(Throwable cause) {
    breaks(Failures.io(cause));
    try {
      letGo();
    } catch (IOException e) {
      LOG.log(Level.WARNING, "{0}: the output could not be closed", context.name(), e);
    }
    ready.run();
  }

  /** Gives back what there is when the stream was cut. */
  protected void letGo() throws IOException {
    close();
  }

  @Override
  public final long room() {
    return why == null ? -1 : 0;
  }

  @Override
  public final boolean ready() {
    return why != null || !full;
  }

  @Override
  public final void onReady(Runnable callback) {
    ready = callback;
  }
}
