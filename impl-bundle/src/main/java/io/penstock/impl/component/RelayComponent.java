// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.component;

import io.penstock.impl.relay.Relays;
import java.util.Map;
import org.osgi.service.component.ComponentConstants;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Modified;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.Designate;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;

/** A relay for each configuration. */
@Component(
    name = RelayComponent.PID,
    service = {},
    immediate = true,
    configurationPid = RelayComponent.PID,
    configurationPolicy = ConfigurationPolicy.REQUIRE)
@Designate(ocd = RelayComponent.Config.class, factory = true)
public final class RelayComponent {
  static final String PID = "io.penstock.Relay";

  /** The keys. */
  @ObjectClassDefinition(
      name = "Penstock: relay",
      description =
          "Copies bytes between two endpoints, both ways, and registers the Relay under a name."
              + " After its end, with success or without, it is started again, after 100ms at first"
              + " and at most 30s.")
  @interface Config {
    /** Name. */
    @AttributeDefinition(required = false, name = "Name", description = Texts.NAME)
    String penstock_name() default "";

    /** From. */
    @AttributeDefinition(
        name = "From",
        description =
            "One side. An endpoint: SCHEME:ADDRESS, such as tcp-listen://127.0.0.1:0, with options"
                + " after ?. Required.")
    String from();

    /** To. */
    @AttributeDefinition(
        name = "To",
        description =
            "The other side. An endpoint: SCHEME:ADDRESS, such as exec:cat, with options after ?."
                + " Required.")
    String to();

    /** Fork. */
    @AttributeDefinition(
        required = false,
        name = "Fork",
        description =
            "Whether to accept any number of connections from 'from', which must listen then, each"
                + " with a new 'to': true or false. Default: false.")
    boolean fork() default false;

    /** Idle time-out. */
    @AttributeDefinition(
        required = false,
        name = "Idle time-out",
        description =
            "A connection fails when no byte went either way for so long. A duration: a number with"
                + " ms, s, m or h, or ISO-8601; more than 0ms. Default: none, which waits for"
                + " ever.")
    String idleTimeout() default "";

    /** Total time-out. */
    @AttributeDefinition(
        required = false,
        name = "Total time-out",
        description =
            "A connection fails when it has not ended so long after it was joined, however busy it"
                + " is. A duration: a number with ms, s, m or h, or ISO-8601; more than 0ms."
                + " Default: none, which waits for ever.")
    String totalTimeout() default "";

    /** Buffer. */
    @AttributeDefinition(
        required = false,
        name = "Buffer",
        description =
            "How much each direction reads at a time. Bytes, or a number with KiB, MiB or GiB; 1"
                + " byte to 1GiB. Default: 256KiB.")
    String buffer() default "256KiB";

    /** Rate. */
    @AttributeDefinition(
        required = false,
        name = "Rate",
        description =
            "How fast each direction of each connection may be. Bytes a second, or a number with"
                + " KiB, MiB or GiB; 1 byte or more, or 0 for no limit. Default: 0.")
    String rate() default "0";

    /** Memory limit. */
    @AttributeDefinition(
        required = false,
        name = "Memory limit",
        description =
            "The memory of the buffers that hold bytes of this relay's connections. Beyond it"
                + " reading pauses; then those that have held most for longest are cut. Bytes, or a"
                + " number with KiB, MiB or GiB; 64KiB or more. Default: none beside that of the"
                + " container.")
    String memoryLimit() default "";

    /** Variables. */
    @AttributeDefinition(
        required = false,
        name = "Variables",
        description =
            "Which variables of a peer that asks for a program, as SSH clients do, reach the program."
                + " Names separated by commas, in which * stands for any characters and ? for one."
                + " Default: LANG,LC_*.")
    String acceptEnv() default "LANG,LC_*";
  }

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
    Values values = new Values(properties);
    Refusals.unknown(values, RelaySettings.KEYS);
    this.relay =
        new ConfiguredRelay(
            engine.engine(),
            engine.names(PID),
            providers.channels(engine.own()),
            new Relays(engine.engine(), providers.channels(engine.own()), engine.own()),
            engine.services(),
            values.pid());
    this.providers = providers;
    providers.use(relay);
    Refusals.first(values, RelaySettings::of).ifPresent(relay::configure);
  }

  /** Takes changed values, or keeps the last good ones. */
  @Modified
  void modified(Map<String, Object> properties) {
    Values values = new Values(properties);
    Refusals.unknown(values, RelaySettings.KEYS);
    Refusals.next(values, RelaySettings::of).ifPresent(relay::configure);
  }

  /** Everything ends; what was accepted may still be delivered when only the configuration goes. */
  @Deactivate
  void deactivate(int reason) {
    providers.useNoMore(relay);
    relay.stop(reason == ComponentConstants.DEACTIVATION_REASON_CONFIGURATION_DELETED);
  }
}
