// SPDX-License-Identifier: Apache-2.0
package io.penstock.example;

import io.penstock.channel.Endpoint;
import io.penstock.error.AddressException;
import io.penstock.error.ConnectionResetException;
import io.penstock.spi.AcceptQueue;
import io.penstock.spi.ChannelDriver;
import io.penstock.spi.ListenerDriver;
import io.penstock.spi.ProviderContext;
import java.io.IOException;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/** A name that awkward channels connect to. */
final class ExampleListener implements ListenerDriver {
  private final Endpoint endpoint;
  private final int window;
  private final Set<String> granted;
  private final Runnable onClose;
  private final AcceptQueue<Link> waiting;
  private final AtomicBoolean closed = new AtomicBoolean();

  ExampleListener(
      Endpoint endpoint, int backlog, int window, Set<String> granted, Runnable onClose) {
    this.endpoint = endpoint;
    this.waiting = new AcceptQueue<>(backlog);
    this.window = window;
    this.granted = granted;
    this.onClose = onClose;
  }

  ChannelDriver connect(Endpoint asked, ProviderContext context) throws IOException {
    Link link = new Link(context.name(), window, granted, context);
    if (waiting.reserve() && waiting.fill(link)) {
      return link.client();
    }
    AddressException refusal =
        new AddressException(
            AddressException.Kind.REFUSED,
            asked.toString(),
            closed.get() ? "it has just been closed" : "too many wait to be accepted already",
            null);
    link.client().abort(refusal);
    throw refusal;
  }

  @Override
  public @Nullable ChannelDriver accept(ProviderContext context) {
    Link link = waiting.poll();
    return link == null ? null : link.server(context);
  }

  @Override
  public Endpoint endpoint() {
    return endpoint;
  }

  @Override
  public boolean ready() {
    return waiting.ready();
  }

  @Override
  public void onReady(Runnable callback) {
    waiting.onReady(callback);
  }

  @Override
  public void close() {
    if (!closed.compareAndSet(false, true)) {
      return;
    }
    onClose.run();
    for (Link link : waiting.close()) {
      link.refuse(
          new ConnectionResetException(
              endpoint.name(), "closed before the channel was accepted", 0));
    }
  }
}
