// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.component;

import io.penstock.channel.Listener;
import io.penstock.impl.poller.SelectorPoller;
import io.penstock.poller.ChannelHandler;
import io.penstock.poller.Framing;
import io.penstock.poller.PollEvent;
import io.penstock.poller.Poller;
import io.penstock.poller.Registration;
import io.penstock.poller.SinkRegistration;
import io.penstock.stream.ByteSink;
import io.penstock.stream.ByteSource;
import io.penstock.stream.Units;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Modified;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ServiceScope;
import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.Designate;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;
import org.osgi.service.metatype.annotations.Option;

/** A poller for each consumer, closed when it is let go. */
@Component(
    name = PollerComponent.PID,
    service = Poller.class,
    scope = ServiceScope.PROTOTYPE,
    configurationPid = PollerComponent.PID)
@Designate(ocd = PollerComponent.Config.class)
public final class PollerComponent implements Poller {
  static final String PID = "io.penstock.Poller.default";

  static final List<String> KEYS =
      List.of("framing", "maxFrame", "frameTimeout", "idleTimeout", "maxEventsPerPoll", "spin");
  private static final int DEFAULT_MAX_FRAME = 64 * 1024;

  /** The values of a configuration. */
  record Settings(int events, Framing framing, Optional<Duration> spin) {
    static final Settings DEFAULT =
        new Settings(SelectorPoller.DEFAULT_MAX_EVENTS_PER_POLL, Framing.bytes(), Optional.empty());
  }

  /** The keys. */
  @ObjectClassDefinition(
      name = "Penstock: poller",
      description = "How the pollers work that consumers get as a service, each its own.")
  @interface Config {
    /** Framing. */
    @AttributeDefinition(
        required = false,
        name = "Framing",
        description =
            "How bytes are cut into events where the consumer names no framing. bytes, or lines."
                + " Default: bytes. A change applies to pollers that are made after it.",
        options = {
          @Option(label = "bytes", value = "bytes"),
          @Option(label = "lines", value = "lines")
        })
    String framing() default "bytes";

    /** Longest frame. */
    @AttributeDefinition(
        required = false,
        name = "Longest frame",
        description =
            "The most bytes of a line, its line feed included, where framing is lines. Bytes, or a"
                + " number with KiB or MiB; 1 byte or more. Default: 64KiB. A change applies to"
                + " pollers that are made after it.")
    String maxFrame() default "64KiB";

    /** Frame time-out. */
    @AttributeDefinition(
        required = false,
        name = "Frame time-out",
        description =
            "How long a line may take from its first byte to its last, where framing is lines;"
                + " whoever is slower fails. A duration: a number with ms, s, m or h, or ISO-8601;"
                + " more than 0ms. Default: none. A change applies to pollers that are made after"
                + " it.")
    String frameTimeout() default "";

    /** Idle time-out. */
    @AttributeDefinition(
        required = false,
        name = "Idle time-out",
        description =
            "How long nothing may come before a line, or at all where framing is bytes; whoever is"
                + " silent for longer fails. A duration: a number with ms, s, m or h, or ISO-8601;"
                + " more than 0ms. Default: none. A change applies to pollers that are made after"
                + " it.")
    String idleTimeout() default "";

    /** Events per poll. */
    @AttributeDefinition(
        required = false,
        name = "Events per poll",
        description =
            "How many events one poll handles at most; what is left comes with the next. A number,"
                + " 1 or more. Default: 4096. A change applies to pollers that are made after it.")
    String maxEventsPerPoll() default "4096";

    /** Spin. */
    @AttributeDefinition(
        required = false,
        name = "Spin",
        description =
            "How long a poll that must wait asks again before its thread does. A duration in ms or"
                + " ISO-8601, from 0ms to 0.05ms, or 'auto' to have it learned. Default: auto. A"
                + " change applies to pollers that are made after it.")
    String spin() default "auto";
  }

  private final SelectorPoller poller;

  /**
   * Takes the last good values instead of bad ones, which {@link PollerSettingsComponent} refuses.
   *
   * @param properties the configuration, if there is one
   * @param engine lends threads
   */
  @Activate
  public PollerComponent(Map<String, Object> properties, @Reference EngineComponent engine) {
    Settings settings = orElseLastGood(new Values(properties), engine);
    this.poller =
        new SelectorPoller(engine.engine(), settings.events, settings.framing, settings.spin);
  }

  /**
   * The values that hold now. Those with which a poller was made are good ones, even if the next
   * ones come before {@link PollerSettingsComponent} is told of them.
   */
  private static Settings orElseLastGood(Values values, EngineComponent engine) {
    try {
      Settings good = settings(values);
      engine.pollers(good);
      return good;
    } catch (IllegalArgumentException e) {
      Configured.LOG.log(Level.DEBUG, "a poller takes the last good values", e);
      return engine.pollers();
    }
  }

  static Settings settings(Values values) {
    int maxFrame = values.get("maxFrame", DEFAULT_MAX_FRAME, PollerComponent::size);
    return new Settings(
        values.get(
            "maxEventsPerPoll", SelectorPoller.DEFAULT_MAX_EVENTS_PER_POLL, PollerComponent::count),
        limited(values, values.get("framing", Framing.bytes(), text -> framing(text, maxFrame))),
        values.get("spin", Optional.empty(), PipeSettings::spin));
  }

  private static Framing limited(Values values, Framing framing) {
    Framing limited = framing;
    if (!values.text("frameTimeout").isEmpty()) {
      Duration limit = values.positive("frameTimeout", Duration.ZERO);
      if (framing.max() == Integer.MAX_VALUE) {
        throw values.refused(
            "frameTimeout", values.text("frameTimeout").orElse(""), "none with framing bytes");
      }
      limited = limited.withFrameTimeout(limit);
    }
    return values.text("idleTimeout").isEmpty()
        ? limited
        : limited.withIdleTimeout(values.positive("idleTimeout", Duration.ZERO));
  }

  private static Framing framing(String text, int maxFrame) {
    return switch (text) {
      case "bytes" -> Framing.bytes();
      case "lines" -> Framing.lines(maxFrame);
      default ->
          throw new IllegalArgumentException(
              "'" + text + "' is not allowed; expected bytes or lines");
    };
  }

  private static int size(String text) {
    long bytes = Units.bytes(text);
    if (bytes < 1 || bytes > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "'" + text + "' is not allowed; expected 1 byte or more, less than 2GiB");
    }
    return (int) bytes;
  }

  private static int count(String text) {
    long count = text.matches("\\d+") ? Units.bytes(text) : 0;
    if (count < 1 || count > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "'" + text + "' is not allowed; expected a number from 1 to " + Integer.MAX_VALUE);
    }
    return (int) count;
  }

  /** Changed values are for pollers that are made after this one. */
  @Modified
  void modified() {}

  @Override
  public Registration register(ByteSource source, Framing framing) {
    return poller.register(source, framing);
  }

  @Override
  public Registration register(ByteSource source) {
    return poller.register(source);
  }

  @Override
  public Registration register(Listener listener) {
    return poller.register(listener);
  }

  @Override
  public Framing framing() {
    return poller.framing();
  }

  @Override
  public SinkRegistration register(ByteSink sink) {
    return poller.register(sink);
  }

  @Override
  public Registration register(Listener listener, Framing framing) {
    return poller.register(listener, framing);
  }

  @Override
  public int poll(Wait wait, ChannelHandler handler) throws IOException {
    return poller.poll(wait, handler);
  }

  @Override
  public List<PollEvent> poll(Wait wait) throws IOException {
    return poller.poll(wait);
  }

  @Override
  public CompletionStage<Void> start(ChannelHandler handler) {
    return poller.start(handler);
  }

  @Override
  public void wakeup() {
    poller.wakeup();
  }

  @Override
  public void closeAll() {
    poller.closeAll();
  }

  /** Also when its owner, or this bundle, has gone. */
  @Override
  @Deactivate
  public void close() {
    poller.close();
  }
}
