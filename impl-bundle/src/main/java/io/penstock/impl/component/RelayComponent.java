// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.component;

import io.penstock.impl.component.config.Refusals;
import io.penstock.impl.component.config.RelayKeys;
import io.penstock.impl.component.config.RelaySettings;
import io.penstock.impl.relay.Relays;
import java.util.Map;
import org.osgi.service.component.ComponentConstants;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Modified;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.metatype.annotations.Designate;

/** A relay for each configuration. */
@Component(
    name = RelayComponent.PID,
    service = {},
    immediate = true,
    configurationPid = RelayComponent.PID,
    configurationPolicy = ConfigurationPolicy.REQUIRE)
@Designate(ocd = RelayKeys.class, factory = true)
public final class RelayComponent {
  static final String PID = "io.penstock.Relay";

  private final ConfiguredRelay relay;
  private final ProvidersComponent providers;

  /**
   * Refuses bad values, and is there all the same: not every runtime tries a component that failed
   * again when its configuration was corrected. Waits for nothing.
   *
   * @param properties the configuration
   * @param engine lends threads and names
   * @param providers know the kinds
   */
  @Activate
  public RelayComponent(
      Map<String, Object> properties,
      @Reference EngineComponent engine,
      @Reference ProvidersComponent providers) {
    Refusals.unknown(RelayKeys.class, properties);
    this.relay =
        new ConfiguredRelay(
            engine.engine(),
            engine.names(PID),
            providers.channels(engine.own()),
            new Relays(engine.engine(), providers.channels(engine.own()), engine.own()),
            engine.services(),
            Refusals.pid(properties));
    this.providers = providers;
    providers.use(relay);
    Refusals.first(properties, RelaySettings::of).ifPresent(relay::configure);
  }

  /** Takes changed values, or keeps the last good ones. */
  @Modified
  void modified(Map<String, Object> properties) {
    Refusals.unknown(RelayKeys.class, properties);
    Refusals.next(properties, RelaySettings::of).ifPresent(relay::configure);
  }

  /** Everything ends; what was accepted may still be delivered when only the configuration goes. */
  @Deactivate
  void deactivate(int reason) {
    providers.useNoMore(relay);
    relay.stop(reason == ComponentConstants.DEACTIVATION_REASON_CONFIGURATION_DELETED);
  }
}
