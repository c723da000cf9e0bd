// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.component;

import java.util.Map;
import org.osgi.service.component.ComponentConstants;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Modified;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.AttributeType;
import org.osgi.service.metatype.annotations.Designate;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;

/** A channel for each configuration. */
@Component(
    name = ChannelComponent.PID,
    service = {},
    immediate = true,
    configurationPid = ChannelComponent.PID,
    configurationPolicy = ConfigurationPolicy.REQUIRE)
@Designate(ocd = ChannelComponent.Config.class, factory = true)
public final class ChannelComponent {
  static final String PID = "io.penstock.Channel";

  /** The keys. */
  @ObjectClassDefinition(
      name = "Penstock: channel",
      description =
          "Keeps a channel connected and registers it as Channel, under a name, while it is."
              + " Options of the endpoint's kind are further keys.")
  @interface Config {
    /** Name. */
    @AttributeDefinition(required = false, name = "Name", description = Texts.NAME)
    String penstock_name() default "";

    /** Endpoint. */
    @AttributeDefinition(
        name = "Endpoint",
        description =
            "What to connect to. SCHEME:ADDRESS, such as tcp://localhost:80; not a listening one."
                + " Required. A change makes a new connection.")
    String endpoint();

    /** Read time-out. */
    @AttributeDefinition(required = false, name = "Read time-out", description = Texts.READ_TIMEOUT)
    String readTimeout() default "";

    /** Write time-out. */
    @AttributeDefinition(
        required = false,
        name = "Write time-out",
        description = Texts.WRITE_TIMEOUT)
    String writeTimeout() default "";

    /** Reads wait. */
    @AttributeDefinition(required = false, name = "Reads wait", description = Texts.READ_BLOCKING)
    boolean readBlocking() default true;

    /** Writes wait. */
    @AttributeDefinition(required = false, name = "Writes wait", description = Texts.WRITE_BLOCKING)
    boolean writeBlocking() default true;

    /** Connect time-out. */
    @AttributeDefinition(
        required = false,
        name = "Connect time-out",
        description = Texts.CONNECT_TIMEOUT)
    String connectTimeout() default "10s";

    /** Close time-out. */
    @AttributeDefinition(
        required = false,
        name = "Close time-out",
        description = Texts.CLOSE_TIMEOUT)
    String closeTimeout() default "5s";

    /** Reconnect. */
    @AttributeDefinition(
        required = false,
        name = "Reconnect",
        description =
            "Whether to connect again after the connection was lost, closed, or could not be made:"
                + " true or false. Default: true.")
    boolean reconnect() default true;

    /** Shortest reconnect delay. */
    @AttributeDefinition(
        required = false,
        name = "Shortest reconnect delay",
        description =
            "The delay before the first new try; it grows, jittered, with each failure. A duration:"
                + " a number with ms, s, m or h, or ISO-8601; more than 0ms. Default: 100ms.")
    String reconnectMin() default "100ms";

    /** Longest reconnect delay. */
    @AttributeDefinition(
        required = false,
        name = "Longest reconnect delay",
        description =
            "The delay never grows above this. A duration: a number with ms, s, m or h, or"
                + " ISO-8601; reconnectMin or more. Default: 30s.")
    String reconnectMax() default "30s";

    /** Password. */
    @AttributeDefinition(
        required = false,
        type = AttributeType.PASSWORD,
        name = "Password",
        description = Texts.PASSWORD)
    String _password() default "";

    /** Passphrase. */
    @AttributeDefinition(
        required = false,
        type = AttributeType.PASSWORD,
        name = "Passphrase",
        description = Texts.PASSPHRASE)
    String _passphrase() default "";

    /** Receive buffer. */
    @AttributeDefinition(
        required = false,
        name = "Receive buffer",
        description = Texts.RECEIVE_BUFFER)
    String receiveBuffer() default "";

    /** Send buffer. */
    @AttributeDefinition(required = false, name = "Send buffer", description = Texts.SEND_BUFFER)
    String sendBuffer() default "";

    /** Spin. */
    @AttributeDefinition(required = false, name = "Spin", description = Texts.SPIN)
    String spin() default "auto";
  }

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
    Values values = new Values(properties);
    this.channel =
        new ConfiguredChannel(
            engine.engine(),
            engine.names(PID),
            providers.channels(engine.own()),
            providers,
            engine.services(),
            values.pid());
    this.providers = providers;
    providers.use(channel);
    Refusals.first(values, ChannelSettings::channel).ifPresent(channel::configure);
  }

  /** Takes changed values, or keeps the last good ones. */
  @Modified
  void modified(Map<String, Object> properties) {
    Values values = new Values(properties);
    Refusals.next(values, ChannelSettings::channel).ifPresent(channel::configure);
  }

  /** Everything ends; what was accepted may still be delivered when only the configuration goes. */
  @Deactivate
  void deactivate(int reason) {
    providers.useNoMore(channel);
    channel.stop(reason == ComponentConstants.DEACTIVATION_REASON_CONFIGURATION_DELETED);
  }
}
