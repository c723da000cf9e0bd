// SPDX-License-Identifier: Apache-2.0
package io.penstock.remote.impl.provider;

import io.penstock.channel.Capability;
import io.penstock.remote.impl.node.OpenChannel;
import io.penstock.remote.impl.node.RemoteNode;
import io.penstock.remote.spi.RemoteEntry;
import io.penstock.spi.ChannelDriver;
import io.penstock.spi.ProviderContext;
import io.penstock.spi.SinkDriver;
import io.penstock.spi.SourceDriver;
import java.io.IOException;
import java.net.SocketAddress;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** A connection to a provider, which the node knows of until it is over. The ends are its own. */
final class RemoteDriver implements ChannelDriver {
  private final ChannelDriver below;
  private final RemoteNode node;
  private final OpenChannel open;

  RemoteDriver(ChannelDriver below, RemoteNode node, RemoteEntry entry, ProviderContext context) {
    this.below = below;
    this.node = node;
    this.open = node.opened(entry, context);
  }

  @Override
  public @Nullable SourceDriver source() {
    return below.source();
  }

  @Override
  public @Nullable SinkDriver sink() {
    return below.sink();
  }

  @Override
  public Set<Capability> capabilities() {
    return below.capabilities();
  }

  @Override
  public Optional<SocketAddress> local() {
    return below.local();
  }

  @Override
  public Optional<SocketAddress> peer() {
    return below.peer();
  }

  @Override
  public <T> Optional<T> facet(Class<T> type) {
    return below.facet(type);
  }

  @Override
  public @Nullable CompletionStage<Void> gone() {
    return below.gone();
  }

  @Override
  public void closing() {
    below.closing();
  }

  @Override
  public void close() throws IOException {
    node.closed(open);
    below.close();
  }

  @Override
  public void abort(Throwable cause) {
    node.closed(open);
    below.abort(cause);
  }
}
