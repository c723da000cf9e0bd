// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.poller;

import io.penstock.channel.Channel;
import io.penstock.impl.core.Keeper;
import io.penstock.impl.core.ListenerEnd;
import io.penstock.impl.engine.Engine;
import io.penstock.poller.ChannelHandler;
import io.penstock.spi.AcceptRest;
import io.penstock.spi.Messages;
import io.penstock.stream.Framing;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/** Accepts from a listener and registers what it accepted. */
final class ListenerEntry extends Entry implements Keeper {
  private static final System.Logger LOG = Messages.log("poller");

  private final ListenerEnd listener;
  private final Framing framing;
  private final Engine engine;
  private final AcceptRest rest = new AcceptRest();
  private volatile @Nullable Future<?> retry;

  ListenerEntry(SelectorPoller poller, ListenerEnd listener, Framing framing, Engine engine) {
    super(poller, listener);
    this.listener = listener;
    this.framing = framing;
    this.engine = engine;
  }

  ListenerEnd listener() {
    return listener;
  }

  @Override
  void settle() {
    Future<?> current = retry;
    if (current != null) {
      current.cancel(false);
    }
  }

  @Override
  public void letGo() {
    try {
      poller.letGo(this);
    } catch (RuntimeException | Error e) {
      // The bundle of the driver may be gone, or the selector: the caller's close goes on.
      LOG.log(Level.DEBUG, "{0}: the selector may keep what was closed", listener.name(), e);
    }
  }

  @Override
  void closeEnd() throws IOException {
    listener.close();
  }

  @Override
  void tellEnd(ChannelHandler handler) throws IOException {
    handler.listenerEnded(this);
  }

  @Override
  void look(ChannelHandler handler, int budget, boolean found) throws IOException {
    while (!gone() && !listener.isClosed()) {
      if (paused()) {
        poller.watch(this, 0);
        return;
      }
      if (events() == budget) {
        poller.due(this);
        return;
      }
      Channel channel;
      try {
        channel = listener.acceptNow();
      } catch (IOException | RuntimeException | Error e) {
        if (!listener.isClosed()) {
          refused(handler, e);
          return;
        }
        continue;
      }
      if (channel == null) {
        await(found && events() == 0);
        return;
      }
      rest.over();
      opened(handler, channel);
    }
    if (!gone()) {
      finish(handler, null);
    }
  }

  private void opened(ChannelHandler handler, Channel channel) throws IOException {
    // Another registration may have taken this one's place since the look began. The client may
    // have come after that, and so its framing is the other's.
    ListenerEntry place = gone() && poller.at(listener) instanceof ListenerEntry next ? next : this;
    SourceEntry client;
    try {
      client = poller.add(channel.source(), place.framing);
    } catch (RuntimeException | Error e) {
      // The poller is being closed, or there is no framer to be had: nobody would ever be told of
      // this channel.
      channel.abort(e);
      if (gone()) {
        LOG.log(Level.DEBUG, "{0}: came too late to be registered", channel.name(), e);
      } else {
        calling();
        handler.failed(this, e);
        called();
      }
      return;
    }
    calling();
    handler.opened(place, channel, client);
    called();
  }

  /**
   * Accepting failed, such as for want of a descriptor. The peer is still there, and so the
   * selector would find the listener ready at once: a pause, longer each time, keeps that from
   * burning the processor.
   */
  private void refused(ChannelHandler handler, Throwable cause) throws IOException {
    poller.watch(this, 0);
    if (listener.failure() == null) {
      retry = engine.schedule(rest.next(), () -> poller.due(this));
    }
    calling();
    handler.failed(this, cause);
    called();
  }
}
