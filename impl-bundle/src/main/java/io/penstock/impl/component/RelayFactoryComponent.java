// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.component;

import io.penstock.channel.Channel;
import io.penstock.channel.Endpoint;
import io.penstock.impl.relay.Relays;
import io.penstock.relay.Relay;
import io.penstock.relay.RelayFactory;
import io.penstock.relay.RelayOptions;
import java.io.IOException;
import org.osgi.service.component.ComponentContext;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ServiceScope;

/** Each bundle's own factory of relays. */
@Component(
    name = "io.penstock.RelayFactory",
    service = RelayFactory.class,
    scope = ServiceScope.BUNDLE)
public final class RelayFactoryComponent implements RelayFactory {
  private final Relays relays;

  /**
   * What is made belongs to the bundle that uses this.
   *
   * @param context tells which bundle that is
   * @param engine lends threads
   * @param providers know the kinds
   */
  @Activate
  public RelayFactoryComponent(
      ComponentContext context,
      @Reference EngineComponent engine,
      @Reference ProvidersComponent providers) {
    // A relay's channels are its own to close: only the relay itself is the bundle's.
    this.relays =
        new Relays(
            engine.engine(),
            providers.channels(engine.own()),
            engine.scope(context.getUsingBundle()));
  }

  @Override
  public Relay create(Endpoint from, Endpoint to, RelayOptions options) throws IOException {
    return relays.create(from, to, options);
  }

  @Override
  public Relay create(Channel from, Channel to, RelayOptions options) {
    return relays.create(from, to, options);
  }
}
