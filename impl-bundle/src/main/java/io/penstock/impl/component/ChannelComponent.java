// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.component;

import io.penstock.impl.component.config.ChannelKeys;
import io.penstock.impl.component.config.ChannelSettings;
import io.penstock.impl.component.config.Refusals;
import java.util.Map;
import org.osgi.service.component.ComponentConstants;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Modified;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.metatype.annotations.Designate;

/** A channel for each configuration. */
@Component(
    name = ChannelComponent.PID,
    service = {},
    immediate = true,
    configurationPid = ChannelComponent.PID,
    configurationPolicy = ConfigurationPolicy.REQUIRE)
@Designate(ocd = ChannelKeys.class, factory = true)
public final class ChannelComponent {
  static final String PID = "io.penstock.Channel";

  private final ConfiguredChannel channel;
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
  public ChannelComponent(
      Map<String, Object> properties,
      @Reference EngineComponent engine,
      @Reference ProvidersComponent providers) {
    this.channel =
        new ConfiguredChannel(
            engine.engine(),
            engine.names(PID),
            providers.channels(engine.own()),
            providers,
            engine.services(),
            Refusals.pid(properties));
    this.providers = providers;
    providers.use(channel);
    Refusals.first(properties, ChannelSettings::channel).ifPresent(channel::configure);
  }

  /** Takes changed values, or keeps the last good ones. */
  @Modified
  void modified(Map<String, Object> properties) {
    Refusals.next(properties, ChannelSettings::channel).ifPresent(channel::configure);
  }

  /** Everything ends; what was accepted may still be delivered when only the configuration goes. */
  @Deactivate
  void deactivate(int reason) {
    providers.useNoMore(channel);
    channel.stop(reason == ComponentConstants.DEACTIVATION_REASON_CONFIGURATION_DELETED);
  }
}
