// SPDX-License-Identifier: Apache-2.0
package io.penstock.simulation.world;

import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.error.AddressException;
import io.penstock.spi.ChannelDriver;
import io.penstock.spi.ChannelProvider;
import io.penstock.spi.ListenerDriver;
import io.penstock.spi.ProviderContext;
import java.io.IOException;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** Serves {@code sim:NAME} and {@code sim-listen:NAME} on a simulated network. */
final class SimProvider implements ChannelProvider {
  private final Net net;

  SimProvider(Net net) {
    this.net = net;
  }

  @Override
  public Set<String> schemes() {
    return Set.of("sim", "sim-listen");
  }

  @Override
  public CompletionStage<? extends ChannelDriver> connect(
      Endpoint endpoint, ChannelOptions options, ProviderContext context) {
    CompletableFuture<ChannelDriver> future = new CompletableFuture<>();
    net.onConnect.run();
    net.after(net.way() + net.way(), () -> connect(endpoint, context, future));
    return future;
  }

  private void connect(
      Endpoint endpoint, ProviderContext context, CompletableFuture<ChannelDriver> future) {
    if (net.silent || future.isDone()) {
      return;
    }
    SimListener listener = net.down ? null : net.listeners.get(endpoint.address());
    if (listener == null) {
      future.completeExceptionally(refused(endpoint, "nobody listens"));
      return;
    }
    Link link = new Link(net, context.name().isEmpty() ? "link" : context.name());
    if (!listener.join(link)) {
      link.client.released = true;
      link.server.released = true;
      link.left();
      future.completeExceptionally(refused(endpoint, "the backlog is full"));
    } else if (!future.complete(link.client)) {
      link.client.abort(new IOException("given up"));
    }
  }

  private static AddressException refused(Endpoint endpoint, String why) {
    return new AddressException(AddressException.Kind.REFUSED, endpoint.toString(), why, null);
  }

  @Override
  public ListenerDriver listen(Endpoint endpoint, ChannelOptions options, ProviderContext context)
      throws IOException {
    SimListener listener = new SimListener(net, endpoint, options.backlog());
    if (net.listeners.putIfAbsent(endpoint.address(), listener) != null) {
      throw new AddressException(
          AddressException.Kind.IN_USE, endpoint.toString(), "somebody listens there", null);
    }
    return listener;
  }
}
