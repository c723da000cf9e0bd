// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.poller;

import io.penstock.channel.Channel;
import io.penstock.impl.core.Engine;
import io.penstock.impl.core.ListenerEnd;
import io.penstock.poller.ChannelHandler;
import io.penstock.poller.Framing;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/** Accepts from a listener and registers what it accepted. */
final class ListenerEntry extends Entry {
  private static final System.Logger LOG = System.getLogger("io.penstock");
  private static final Duration FIRST_PAUSE = Duration.ofMillis(10);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(1);

  private final ListenerEnd listener;
  private final Framing framing;
  private final Engine engine;
  private Duration backOff = FIRST_PAUSE;
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
  void closeEnd() throws IOException {
    listener.close();
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
      } catch (IOException | RuntimeException e) {
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
      backOff = FIRST_PAUSE;
      opened(handler, channel);
    }
    if (!gone()) {
      finish(handler, null);
    }
  }

  private void opened(ChannelHandler handler, Channel channel) throws IOException {
    SourceEntry client;
    try {
      client = poller.add(channel.source(), framing);
    } catch (RuntimeException e) {
      // The poller is being closed, or there is no framer to be had: nobody would ever be told of
      // this channel.
      channel.abort(e);
      if (gone()) {
        LOG.log(Level.DEBUG, channel.name() + ": came too late to be registered", e);
      } else {
        calling();
        handler.failed(this, e);
        called();
      }
      return;
    }
    calling();
    handler.opened(this, channel, client);
    called();
  }

  /**
   * Accepting failed, such as for want of a descriptor. The peer is still there, and so the
   * selector would find the listener ready at once: a pause, longer each time, keeps that from
   * burning the processor.
   */
  private void refused(ChannelHandler handler, Exception cause) throws IOException {
    poller.watch(this, 0);
    if (listener.failure() == null) {
      try {
        retry = engine.schedule(backOff, () -> poller.due(this));
      } catch (RejectedExecutionException e) {
        LOG.log(Level.DEBUG, listener.name() + ": accepts no more, everything is closing", e);
      }
      Duration twice = backOff.multipliedBy(2);
      backOff = twice.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : twice;
    }
    calling();
    handler.failed(this, cause);
    called();
  }
}
