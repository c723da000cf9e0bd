// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.relay;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Direction;
import io.penstock.channel.Endpoint;
import io.penstock.impl.channel.Channels;
import io.penstock.impl.core.ListenerEnd;
import io.penstock.impl.engine.Budget;
import io.penstock.impl.engine.Engine;
import io.penstock.impl.engine.Scope;
import io.penstock.impl.posix.PosixAccess;
import io.penstock.relay.Relay;
import io.penstock.relay.RelayFactory;
import io.penstock.relay.RelayOptions;
import io.penstock.runtime.PenstockEvent;
import io.penstock.stream.Wait;
import java.io.IOException;

/** Makes relays that are closed with a scope. */
public final class Relays implements RelayFactory {
  private final Engine engine;
  private final Channels channels;
  private final Scope scope;
  private final Means means;

  /**
   * What the relays of a factory share.
   *
   * @param memory what their buffers may take
   * @param posix makes native calls
   */
  record Means(Budget memory, PosixAccess posix) {}

  /** Makes a factory whose relays belong to a scope. */
  public Relays(Engine engine, Channels channels, Scope scope) {
    this.engine = engine;
    this.channels = channels;
    this.scope = scope;
    this.means = new Means(engine.budgets().factory(scope.toString()), channels.posix());
  }

  @Override
  public Relay create(Endpoint from, Endpoint to, RelayOptions options) throws IOException {
    if (options.fork() && !from.listening()) {
      throw new IllegalArgumentException(
          "fork needs a FROM that listens, such as tcp-listen:, not " + from);
    }
    if (options.fork() && to.listening()) {
      throw new IllegalArgumentException(
          "fork needs a TO that can be opened anew for each connection, not " + to);
    }
    channels.check(from, directed(from, options.from(), Direction.INPUT));
    channels.check(to, directed(to, options.to(), Direction.OUTPUT));
    if (!from.listening() && !to.listening()) {
      // Otherwise it is known when a peer has come.
      channels.checkRequest(from, options.from());
      channels.checkRequest(to, options.to());
    }
    RelaySide one = side(from, options.from(), Direction.INPUT);
    try {
      return keep(
          new DrivenRelay(engine, one, side(to, options.to(), Direction.OUTPUT), options, means));
    } catch (IOException | RuntimeException | Error e) {
      ListenerEnd bound = one.listener();
      if (bound != null) {
        bound.close();
      }
      throw e;
    }
  }

  private RelaySide side(Endpoint endpoint, ChannelOptions options, Direction direction)
      throws IOException {
    if (endpoint.listening()) {
      return new RelaySide.Listening((ListenerEnd) channels.listen(endpoint, options));
    }
    return new RelaySide.Connecting(channels, endpoint, directed(endpoint, options, direction));
  }

  private static ChannelOptions directed(
      Endpoint endpoint, ChannelOptions options, Direction direction) {
    return endpoint.listening() || options.direction().isPresent()
        ? options
        : options.withDirection(direction);
  }

  @Override
  public Relay create(Channel from, Channel to, RelayOptions options) {
    if (options.fork()) {
      throw new IllegalArgumentException(
          "fork needs a FROM that listens, such as tcp-listen:, not the channel "
              + from.endpoint().anonymous());
    }
    return keep(
        new DrivenRelay(
            engine, new RelaySide.Given(from), new RelaySide.Given(to), options, means));
  }

  /** Changes the limits of time of a relay that was made here, also of connections in progress. */
  public void limits(Relay relay, Wait idle, Wait total) {
    ((DrivenRelay) relay).limits(idle, total);
  }

  private Relay keep(DrivenRelay relay) {
    scope.add(relay, "relay " + relay.name(), relay::close);
    relay
        .completed()
        .whenComplete(
            (done, failure) -> {
              scope.remove(relay);
              relay.tell(PenstockEvent.Type.CLOSED, failure);
            });
    relay.tell(PenstockEvent.Type.OPEN, null);
    return relay;
  }
}
