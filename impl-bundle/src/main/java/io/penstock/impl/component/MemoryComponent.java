// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.component;

import io.penstock.impl.core.Budgets;
import io.penstock.stream.Units;
import java.util.List;
import java.util.Map;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Modified;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.Designate;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;

/** The limits of what is buffered in the whole container. */
@Component(
    name = MemoryComponent.PID,
    service = {},
    immediate = true,
    configurationPid = MemoryComponent.PID,
    configurationPolicy = ConfigurationPolicy.REQUIRE)
@Designate(ocd = MemoryComponent.Config.class)
public final class MemoryComponent {
  static final String PID = "io.penstock.Memory.default";

  static final List<String> KEYS = List.of("memoryLimit", "factoryLimit");

  private static final long LEAST = 64 * 1024;
  private static final Settings NONE = new Settings(Long.MAX_VALUE, Long.MAX_VALUE);

  /** The values of a configuration. */
  record Settings(long memoryLimit, long factoryLimit) {}

  /** The keys. */
  @ObjectClassDefinition(
      name = "Penstock: memory",
      description =
          "How much memory the buffers may take that hold bytes of relays, of pollers, of pipes, of"
              + " channels in memory, of TLS and of SSH. Beyond it reading pauses; then the"
              + " connections that have held most for longest are cut.")
  @interface Config {
    /** Memory limit. */
    @AttributeDefinition(
        required = false,
        name = "Memory limit",
        description =
            "Of the whole container. Bytes, or a number with KiB, MiB or GiB; 64KiB or more."
                + " Default: a quarter of the heap's largest size, and half of what Java may have"
                + " outside the heap, which hold in any case.")
    String memoryLimit() default "";

    /** Factory limit. */
    @AttributeDefinition(
        required = false,
        name = "Factory limit",
        description =
            "Of the relays of each bundle, of its pipes, and of each poller. Bytes, or a number"
                + " with KiB, MiB or GiB; 64KiB or more. Default: none beside that of the"
                + " container. A change applies to factories and pollers that are made after it.")
    String factoryLimit() default "";
  }

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
    Values values = new Values(properties);
    Refusals.unknown(values, KEYS);
    Refusals.first(values, MemoryComponent::settings).ifPresent(this::set);
  }

  static Settings settings(Values values) {
    return new Settings(
        values.get("memoryLimit", Long.MAX_VALUE, MemoryComponent::bytes),
        values.get("factoryLimit", Long.MAX_VALUE, MemoryComponent::bytes));
  }

  static long bytes(String text) {
    long bytes = Units.bytes(text);
    if (bytes < LEAST) {
      throw new IllegalArgumentException("'" + text + "' is not allowed; expected 64KiB or more");
    }
    return bytes;
  }

  private void set(Settings settings) {
    budgets.container().limit(settings.memoryLimit());
    budgets.factoryLimit(settings.factoryLimit());
  }

  /** Takes changed values, or keeps the last good ones. */
  @Modified
  void modified(Map<String, Object> properties) {
    Values values = new Values(properties);
    Refusals.unknown(values, KEYS);
    Refusals.next(values, MemoryComponent::settings).ifPresent(this::set);
  }

  /** Without a configuration only what Java may have limits anything. */
  @Deactivate
  void deactivate() {
    set(NONE);
  }
}
