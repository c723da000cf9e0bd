// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.channel;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.facet.DescriptorFacet;
import io.penstock.error.StreamClosedException;
import io.penstock.impl.core.Acceptor;
import io.penstock.impl.core.ListenerEnd;
import io.penstock.impl.engine.Flight;
import io.penstock.impl.engine.MemoryFacts;
import io.penstock.impl.engine.Scope;
import io.penstock.impl.posix.DescriptorSource;
import io.penstock.runtime.PenstockEvent;
import io.penstock.spi.ChannelDriver;
import io.penstock.spi.ListenerDriver;
import io.penstock.spi.Messages;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Accepts for one listener: what its driver accepts becomes a channel, which is kept until it is
 * over.
 */
final class ChannelAcceptor implements Acceptor {
  private static final System.Logger LOG = Messages.log("channel");

  private final Origin origin;
  private final ListenerDriver driver;
  private final Supplier<ChannelOptions> options;
  private final Consumer<Channel> accepted;
  private final ListenerEnd listener;
  private final Keeping keeping;

  /**
   * Lent to the driver until it accepts somebody; only the thread that has the turn to accept uses
   * it.
   */
  private @Nullable ChannelContext next;

  private ChannelAcceptor(
      Origin origin,
      ListenerDriver driver,
      ChannelOptions own,
      Supplier<ChannelOptions> options,
      Consumer<Channel> accepted) {
    this.origin = origin;
    this.driver = driver;
    this.options = options;
    this.accepted = accepted;
    this.listener =
        new ListenerEnd(
            own.name().isEmpty() ? origin.endpoint().name() : own.name(),
            origin.engine(),
            driver,
            this,
            own.maxConnections() == Integer.MAX_VALUE
                ? MemoryFacts.connections(1)
                : own.maxConnections());
    this.keeping = origin.besides().with(listener::left);
  }

  /**
   * Makes a listener of a driver, and keeps it where its channels are kept.
   *
   * @param origin of its channels
   * @param driver bound; closed if this fails
   * @param own options of the listener itself
   * @param options of the channel that is accepted now; the same object as long as they are the
   *     same
   * @param accepted is told of each channel, with no lock held; must be quick
   */
  static ListenerEnd listen(
      Origin origin,
      ListenerDriver driver,
      ChannelOptions own,
      Supplier<ChannelOptions> options,
      Consumer<Channel> accepted) {
    ListenerEnd listener = null;
    try {
      ListenerEnd made = new ChannelAcceptor(origin, driver, own, options, accepted).listener;
      listener = made;
      for (Scope keeper : origin.besides().scopes()) {
        keeper.add(made, "listener " + made.name(), () -> closeQuietly(made.name(), made::close));
        made.closed().whenComplete((done, failure) -> keeper.remove(made));
      }
      made.tell(PenstockEvent.Type.OPEN, null);
      made.tell(PenstockEvent.Type.READY, null);
      Journal.listening(made, own);
      return made;
    } catch (RuntimeException | Error e) {
      // Bound, and nobody has it: the address would be taken until the process ends.
      closeQuietly(origin.endpoint().name(), listener == null ? driver::close : listener::close);
      origin.engine().settleClosed();
      throw e;
    }
  }

  private static void closeQuietly(String name, OwnDescriptor.Close bound) {
    try {
      bound.close();
    } catch (IOException e) {
      LOG.log(Level.WARNING, "{0}: closing the listener failed", name, e);
    }
  }

  @Override
  public @Nullable DrivenChannel accept() throws IOException {
    ChannelOptions now = options.get();
    ChannelContext lent = next;
    if (lent == null || lent.options() != now) {
      lent = new ChannelContext(origin, now);
    }
    next = null;
    ChannelDriver peer = driver.accept(lent);
    if (peer == null) {
      next = lent;
      return null;
    }
    DrivenChannel channel;
    try {
      channel = new DrivenChannel(lent);
      channel.tell(PenstockEvent.Type.OPEN, null);
      channel.attach(peer);
      Journal.accepted(channel, now);
      Flight.Span span = Flight.begin(Flight.Kind.ACCEPT);
      if (span != null) {
        String from = channel.peer().map(Object::toString).orElse("");
        span.end(channel.name(), from, 0, 0, null);
      }
    } catch (RuntimeException | Error e) {
      peer.abort(e);
      throw e;
    }
    keep(channel);
    return channel;
  }

  private void keep(DrivenChannel channel) throws IOException {
    try {
      keeping.keep(channel);
    } catch (IllegalStateException e) {
      // Closed by now, as the listener will be.
      StreamClosedException late = new StreamClosedException(channel.name());
      late.initCause(e);
      throw late;
    }
    try {
      accepted.accept(channel);
    } catch (RuntimeException | Error e) {
      channel.abort(e);
      throw e;
    }
  }

  @Override
  public <T> Optional<T> facet(Class<T> type) {
    Handles handles = origin.handles();
    if (handles == null || type != DescriptorFacet.class) {
      return driver.facet(type);
    }
    return driver
        .facet(DescriptorSource.class)
        .map(own -> type.cast(new OwnDescriptor(listener.name(), own, handles, listener::close)));
  }
}
