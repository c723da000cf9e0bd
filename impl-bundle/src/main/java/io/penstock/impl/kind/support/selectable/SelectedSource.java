// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.support.selectable;

import io.penstock.impl.kind.support.AbortableSource;
import io.penstock.spi.Messages;
import io.penstock.spi.ProviderContext;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import org.jspecify.annotations.Nullable;

/** A source that is read when a selector finds it readable. */
public abstract class SelectedSource implements AbortableSource {
  private static final Logger LOG = Messages.log("kind");

  /** Of the channel. */
  protected final ProviderContext context;

  /** Whether the end was read. */
  protected volatile boolean ended;

  private final @Nullable SelectableChannel channel;

  /**
   * A source that has not ended.
   *
   * @param context of the channel
   * @param channel what tells that it is readable; null if it always is
   */
  protected SelectedSource(ProviderContext context, @Nullable SelectableChannel channel) {
    this.context = context;
    this.channel = channel;
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
  public final @Nullable SelectableChannel selectable() {
    return channel;
  }

  @Override
  public final int interest() {
    return channel == null ? 0 : SelectionKey.OP_READ;
  }

  @Override
  public void abort(Throwable cause) {
    try {
      close();
    } catch (IOException e) {
      LOG.log(Level.WARNING, "{0}: the input could not be closed", context.name(), e);
    }
  }
}
