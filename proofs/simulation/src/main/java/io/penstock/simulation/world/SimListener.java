// SPDX-License-Identifier: Apache-2.0
package io.penstock.simulation.world;

import io.penstock.channel.Endpoint;
import io.penstock.error.HandleLimitException;
import io.penstock.simulation.machine.Sim;
import io.penstock.simulation.machine.SimSelectable;
import io.penstock.spi.ChannelDriver;
import io.penstock.spi.ListenerDriver;
import io.penstock.spi.ProviderContext;
import java.io.IOException;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.util.ArrayDeque;

/** A name that simulated channels connect to, with a line of those who wait to be accepted. */
final class SimListener implements ListenerDriver {
  final Net net;
  private final Endpoint endpoint;
  private final int backlog;
  private final ArrayDeque<Link> waiting = new ArrayDeque<>();
  private final SimSelectable socket;
  private Runnable ready = () -> {};
  private boolean closed;

  /** So many times an accept fails for want of descriptors. */
  int exhausted;

  SimListener(Net net, Endpoint endpoint, int backlog) {
    this.net = net;
    this.endpoint = endpoint;
    this.backlog = backlog;
    this.socket =
        net.ways == Net.Ways.SIGNAL
            ? null
            : new SimSelectable(
                SelectionKey.OP_ACCEPT, () -> waiting.isEmpty() ? 0 : SelectionKey.OP_ACCEPT);
  }

  /** Somebody asks to be let in; false when he is refused. */
  boolean join(Link link) {
    if (closed || waiting.size() >= backlog) {
      return false;
    }
    waiting.add(link);
    if (socket != null) {
      socket.changed();
    } else {
      Sim.point();
      ready.run();
    }
    return true;
  }

  @Override
  public ChannelDriver accept(ProviderContext context) throws IOException {
    if (waiting.isEmpty()) {
      return null;
    }
    if (exhausted > 0) {
      exhausted--;
      throw new HandleLimitException(context.name(), "too many open files", 0, null);
    }
    return waiting.remove().server;
  }

  @Override
  public Endpoint endpoint() {
    return endpoint;
  }

  @Override
  public boolean ready() {
    return socket == null && !waiting.isEmpty();
  }

  @Override
  public void onReady(Runnable callback) {
    ready = callback;
  }

  @Override
  public SelectableChannel selectable() {
    return socket;
  }

  @Override
  public int interest() {
    return socket == null ? 0 : SelectionKey.OP_ACCEPT;
  }

  @Override
  public void close() throws IOException {
    if (!closed) {
      closed = true;
      net.listeners.remove(endpoint.address());
      if (socket != null) {
        socket.close();
      }
      while (!waiting.isEmpty()) {
        Link link = waiting.remove();
        link.server.abort(new IOException("the listener was closed"));
      }
    }
  }
}
