// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.component;

import io.penstock.impl.component.config.MemoryKeys;
import io.penstock.impl.component.config.MemorySettings;
import io.penstock.impl.component.config.Refusals;
import io.penstock.impl.engine.Budgets;
import java.util.Map;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Modified;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.metatype.annotations.Designate;

/** The limits of what is buffered in the whole container. */
@Component(
    name = MemoryComponent.PID,
    service = {},
    immediate = true,
    configurationPid = MemoryComponent.PID,
    configurationPolicy = ConfigurationPolicy.REQUIRE)
@Designate(ocd = MemoryKeys.class)
public final class MemoryComponent {
  static final String PID = "io.penstock.Memory.default";

  private final Budgets budgets;

  /**
   * Refuses bad values, and sets no limits then.
   *
   * @param properties the configuration
   * @param engine has the memory
   */
  @Activate
  public MemoryComponent(Map<String, Object> properties, @Reference EngineComponent engine) {
    this.budgets = engine.engine().budgets();
    Refusals.unknown(MemoryKeys.class, properties);
    Refusals.first(properties, MemorySettings::of).ifPresent(this::set);
  }

  private void set(MemorySettings settings) {
    budgets.container().limit(settings.memoryLimit());
    budgets.factoryLimit(settings.factoryLimit());
  }

  /** Takes changed values, or keeps the last good ones. */
  @Modified
  void modified(Map<String, Object> properties) {
    Refusals.unknown(MemoryKeys.class, properties);
    Refusals.next(properties, MemorySettings::of).ifPresent(this::set);
  }

  /** Without a configuration only what Java may have limits anything. */
  @Deactivate
  void deactivate() {
    set(MemorySettings.NONE);
  }
}
