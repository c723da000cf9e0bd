// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.support.selectable;

import io.penstock.error.StreamClosedException;
import io.penstock.impl.kind.support.Failures;
import io.penstock.spi.ProviderContext;
import io.penstock.spi.SinkDriver;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * A sink that the product alone selects, and only while it is full: a selector of somebody else's
 * that holds the channel would keep the reader from seeing the end.
 */
public abstract class SelectedSink implements SinkDriver {
  private final ProviderContext context;
  private final String complaint;
  private final AtomicBoolean watched = new AtomicBoolean();
  private volatile Runnable ready = () -> {};
  private volatile boolean full;
  private volatile @Nullable IOException why;

  /**
   * A sink with room.
   *
   * @param context of the channel
   * @param complaint what a failure is called, to which the reason is added
   */
  protected SelectedSink(ProviderContext context, String complaint) {
    this.context = context;
    this.complaint = complaint;
  }

  /** What tells when there is room. */
  protected abstract SelectableChannel channel();

  /** How much is written at once at most, in bytes. */
  protected abstract int piece();

  /** Writes up to a piece without waiting; fewer bytes say that there is no room for more. */
  protected abstract int move(ByteBuffer src) throws IOException;

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
      throw broken(e);
    }
    if (n < want) {
      watch();
    }
    return n;
  }

  /** Has the waiting caller told as soon as there is room. */
  protected final void watch() {
    full = true;
    if (watched.compareAndSet(false, true)) {
      context.select(channel(), SelectionKey.OP_WRITE, this::selected);
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

  /** Tells the waiting caller. */
  protected final void tell() {
    ready.run();
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
