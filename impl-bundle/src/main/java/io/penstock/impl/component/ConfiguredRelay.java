// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.component;

import io.penstock.channel.Channel;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Listener;
import io.penstock.impl.channel.Channels;
import io.penstock.impl.component.config.RelaySettings;
import io.penstock.impl.engine.Engine;
import io.penstock.impl.relay.Relays;
import io.penstock.relay.Relay;
import io.penstock.relay.RelayException;
import io.penstock.relay.RelayObserver;
import io.penstock.relay.RelayOptions;
import io.penstock.spi.LogField;
import io.penstock.spi.QuietLog;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A relay that is started again after its end, whether with success or without: its endpoints may
 * have come back, or the next peer may be waiting.
 */
final class ConfiguredRelay extends Configured<RelaySettings, Relay> {
  /** Between two lines about connections that failed in the same way. */
  private static final Duration QUIET = Duration.ofMinutes(1);

  private final Channels channels;
  private final Relays relays;
  private final Registrar services;
  private final QuietLog failures;

  ConfiguredRelay(
      Engine engine,
      Names names,
      Channels channels,
      Relays relays,
      Registrar services,
      String pid) {
    super(engine, names, pid);
    this.channels = channels;
    this.relays = relays;
    this.services = services;
    this.failures = new QuietLog(LOG, pid + ": ", QUIET, engine::schedule);
  }

  @Override
  String address(RelaySettings values) {
    return values.from().anonymous() + " to " + values.to().anonymous();
  }

  @Override
  String kind() {
    return "relay";
  }

  @Override
  String name(RelaySettings values) {
    return values.name();
  }

  @Override
  void begin() {
    try {
      adopt(create(settings()));
    } catch (IOException e) {
      failed(e);
    } catch (IllegalArgumentException e) {
      complain(Level.ERROR, pid() + ": " + e.getMessage() + "; it does not relay");
    }
  }

  private Relay create(RelaySettings values) throws IOException {
    RelayOptions options = values.options().withObserver(new Reporter());
    return relays.create(values.from(), values.to(), options);
  }

  private void adopt(Relay relay) {
    if (!slot.put(relay)) {
      discard(relay, false);
      return;
    }
    for (Listener listener : relay.listeners()) {
      LOG.log(Level.INFO, "listening {0}", LogField.endpoint(listener.endpoint().anonymous()));
    }
    relay.completed().whenComplete((done, failure) -> serially(() -> ended(relay, failure)));
    alive("started");
    relay.start();
    slot.publish(relay, () -> services.register(Relay.class, relay, properties(relay)));
  }

  private Map<String, Object> properties(Relay relay) {
    RelaySettings values = settings();
    Endpoint from = values.from().listening() ? relay.listeners().get(0).endpoint() : values.from();
    return Map.of(
        Channel.NAME,
        relay.name(),
        Channel.KIND,
        from.scheme(),
        Channel.ENDPOINT,
        from.anonymous().toString());
  }

  private void ended(Relay relay, @Nullable Throwable failure) {
    if (!slot.take(relay)) {
      return;
    }
    died();
    if (failure == null) {
      LOG.log(Level.DEBUG, "{0}: the relay has ended; starting it again", pid());
      later(RETRY_MIN, RETRY_MAX);
    } else {
      failed(failure);
    }
  }

  private void failed(Throwable failure) {
    complain(Level.WARNING, pid() + ": " + Reasons.of(failure) + "; starting it again");
    later(RETRY_MIN, RETRY_MAX);
  }

  @Override
  RelaySettings changed(RelaySettings old, RelaySettings next) {
    Relay relay = slot.get();
    if (relay == null) {
      return next;
    }
    if (next.withLimitsOf(old).equals(old)) {
      relays.limits(relay, next.idle(), next.total());
      return next;
    }
    try {
      channels.check(next.from(), next.options().from());
      channels.check(next.to(), next.options().to());
    } catch (IOException | IllegalArgumentException e) {
      LOG.log(
          Level.ERROR,
          "{0}: the changed values are refused: {1}; the last good ones stay",
          pid(),
          LogField.cause(Reasons.of(e)));
      return old;
    }
    if (slot.take(relay)) {
      discard(relay, true);
    }
    return next;
  }

  @Override
  void discard(Relay relay, boolean graceful) {
    relay.close();
    engine.settleClosed();
  }

  @Override
  void stopped() {
    failures.close();
  }

  /** Reports what goes wrong with one of many connections. */
  private final class Reporter implements RelayObserver {
    @Override
    public void parted(@Nullable Channel from, @Nullable RelayException failure) {
      if (failure != null && settings().fork()) {
        String why = String.valueOf(failure.getMessage());
        failures.warn(why, why, null);
      }
    }
  }
}
