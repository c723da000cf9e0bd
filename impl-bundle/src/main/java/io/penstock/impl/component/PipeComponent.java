// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.component;

import io.penstock.impl.component.config.PipeKeys;
import io.penstock.impl.component.config.PipeSettings;
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

/** A named pipe for each configuration. */
@Component(
    name = PipeComponent.PID,
    service = {},
    immediate = true,
    configurationPid = PipeComponent.PID,
    configurationPolicy = ConfigurationPolicy.REQUIRE)
@Designate(ocd = PipeKeys.class, factory = true)
public final class PipeComponent {
  static final String PID = "io.penstock.Pipe";

  private final ConfiguredPipe pipe;
  private final ProvidersComponent providers;

  /**
   * Refuses bad values, and is there all the same: not every runtime tries a component that failed
   * again when its configuration was corrected. Waits for nothing.
   *
   * @param properties the configuration
   * @param engine lends threads and names
   * @param providers tells when there is another place for durable pipes
   */
  @Activate
  public PipeComponent(
      Map<String, Object> properties,
      @Reference EngineComponent engine,
      @Reference ProvidersComponent providers) {
    Refusals.unknown(PipeKeys.class, properties);
    this.pipe =
        new ConfiguredPipe(
            engine.engine(),
            engine.names(PID),
            engine.pipes(),
            engine.contents(),
            engine.services(),
            Refusals.pid(properties));
    this.providers = providers;
    providers.use(pipe);
    Refusals.first(properties, PipeSettings::of).ifPresent(pipe::configure);
  }

  /** Takes changed values, or keeps the last good ones. */
  @Modified
  void modified(Map<String, Object> properties) {
    Refusals.unknown(PipeKeys.class, properties);
    Refusals.next(properties, PipeSettings::of).ifPresent(pipe::configure);
  }

  /** Everything ends; what was accepted may still be delivered when only the configuration goes. */
  @Deactivate
  void deactivate(int reason) {
    providers.useNoMore(pipe);
    pipe.stop(reason == ComponentConstants.DEACTIVATION_REASON_CONFIGURATION_DELETED);
  }
}
