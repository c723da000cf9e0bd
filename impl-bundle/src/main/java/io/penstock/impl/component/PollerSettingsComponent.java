// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.component;

import io.penstock.impl.component.config.PollerKeys;
import io.penstock.impl.component.config.PollerSettings;
import io.penstock.impl.component.config.Refusals;
import java.util.Map;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Modified;
import org.osgi.service.component.annotations.Reference;

/**
 * Checks the values of the pollers when they come: a poller is not made before somebody wants one.
 */
@Component(
    name = "io.penstock.PollerSettings",
    service = {},
    immediate = true,
    configurationPid = PollerComponent.PID,
    configurationPolicy = ConfigurationPolicy.REQUIRE)
public final class PollerSettingsComponent {
  private final EngineComponent engine;

  /**
   * Refuses bad values; pollers take the defaults then.
   *
   * @param properties the configuration
   * @param engine keeps the last good values
   */
  @Activate
  public PollerSettingsComponent(
      Map<String, Object> properties, @Reference EngineComponent engine) {
    this.engine = engine;
    Refusals.unknown(PollerKeys.class, properties);
    Refusals.first(properties, PollerSettings::of).ifPresent(engine::pollers);
  }

  /** Takes changed values, or keeps the last good ones. */
  @Modified
  void modified(Map<String, Object> properties) {
    Refusals.unknown(PollerKeys.class, properties);
    Refusals.next(properties, PollerSettings::of).ifPresent(engine::pollers);
  }

  /** Without a configuration the defaults hold. */
  @Deactivate
  void deactivate() {
    engine.pollers(PollerSettings.DEFAULT);
  }
}
