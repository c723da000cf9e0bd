// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.component;

import io.penstock.channel.Listener;
import io.penstock.impl.component.config.PollerKeys;
import io.penstock.impl.component.config.PollerSettings;
import io.penstock.impl.poller.SelectorPoller;
import io.penstock.poller.ChannelHandler;
import io.penstock.poller.PollEvent;
import io.penstock.poller.Poller;
import io.penstock.poller.Registration;
import io.penstock.poller.SinkRegistration;
import io.penstock.stream.ByteSink;
import io.penstock.stream.ByteSource;
import io.penstock.stream.Framing;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Modified;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ServiceScope;
import org.osgi.service.metatype.annotations.Designate;

/** A poller for each consumer, closed when it is let go. */
@Component(
    name = PollerComponent.PID,
    service = Poller.class,
    scope = ServiceScope.PROTOTYPE,
    configurationPid = PollerComponent.PID)
@Designate(ocd = PollerKeys.class)
public final class PollerComponent implements Poller {
  static final String PID = "io.penstock.Poller.default";

  private final SelectorPoller poller;

  /**
   * Takes the last good values instead of bad ones, which {@link PollerSettingsComponent} refuses.
   *
   * @param properties the configuration, if there is one
   * @param engine lends threads
   */
  @Activate
  public PollerComponent(Map<String, Object> properties, @Reference EngineComponent engine) {
    PollerSettings settings = orElseLastGood(properties, engine);
    this.poller =
        new SelectorPoller(engine.engine(), settings.events(), settings.framing(), settings.spin());
  }

  /**
   * The values that hold now. Those with which a poller was made are good ones, even if the next
   * ones come before {@link PollerSettingsComponent} is told of them.
   */
  private static PollerSettings orElseLastGood(Map<String, ?> properties, EngineComponent engine) {
    try {
      PollerSettings good = PollerSettings.of(properties);
      engine.pollers(good);
      return good;
    } catch (IllegalArgumentException e) {
      Configured.LOG.log(Level.DEBUG, "a poller takes the last good values", e);
      return engine.pollers();
    }
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
