// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.component;

import io.penstock.impl.component.config.ChannelSettings;
import io.penstock.impl.component.config.ListenerKeys;
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

/** A listener for each configuration. */
@Component(
    name = ListenerComponent.PID,
    service = {},
    immediate = true,
    configurationPid = ListenerComponent.PID,
    configurationPolicy = ConfigurationPolicy.REQUIRE)
@Designate(ocd = ListenerKeys.class, factory = true)
public final class ListenerComponent {
  static final String PID = "io.penstock.Listener";

  private final ConfiguredListener listener;
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
  public ListenerComponent(
      Map<String, Object> properties,
      @Reference EngineComponent engine,
      @Reference ProvidersComponent providers) {
    this.listener =
        new ConfiguredListener(
            engine.engine(),
            engine.names(PID),
            providers.channels(engine.own()),
            providers,
            engine.services(),
            Refusals.pid(properties));
    this.providers = providers;
    providers.use(listener);
    Refusals.first(properties, ChannelSettings::listener).ifPresent(listener::configure);
  }

  /** Takes changed values, or keeps the last good ones. */
  @Modified
  void modified(Map<String, Object> properties) {
    Refusals.next(properties, ChannelSettings::listener).ifPresent(listener::configure);
  }

  /** Everything ends; what was accepted may still be delivered when only the configuration goes. */
  @Deactivate
  void deactivate(int reason) {
    providers.useNoMore(listener);
    listener.stop(reason == ComponentConstants.DEACTIVATION_REASON_CONFIGURATION_DELETED);
  }
}
