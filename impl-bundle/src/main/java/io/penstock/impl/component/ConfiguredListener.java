// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.component;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Listener;
import io.penstock.impl.channel.Channels;
import io.penstock.impl.component.config.ChannelSettings;
import io.penstock.impl.component.config.Keys;
import io.penstock.impl.component.config.Kinds;
import io.penstock.impl.component.config.ListenerKeys;
import io.penstock.impl.engine.Engine;
import io.penstock.spi.LogField;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;

/** A listener that is registered while it is bound, and bound again when it is lost. */
final class ConfiguredListener extends Configured<ChannelSettings, Listener> {
  private final Channels channels;
  private final Kinds kinds;
  private final Registrar services;
  private final Set<Channel> live = ConcurrentHashMap.newKeySet();
  private volatile ChannelOptions options = ChannelOptions.defaults();

  ConfiguredListener(
      Engine engine, Names names, Channels channels, Kinds kinds, Registrar services, String pid) {
    super(engine, names, pid);
    this.channels = channels;
    this.kinds = kinds;
    this.services = services;
  }

  @Override
  String address(ChannelSettings values) {
    return values.endpoint().anonymous().toString();
  }

  @Override
  String kind() {
    return "listener";
  }

  @Override
  String name(ChannelSettings values) {
    return values.name();
  }

  @Override
  void begin() {
    try {
      adopt(bind(settings()));
    } catch (IOException e) {
      complain(Level.WARNING, pid() + ": " + Reasons.of(e) + "; trying again until it succeeds");
      later(RETRY_MIN, RETRY_MAX);
    } catch (IllegalArgumentException e) {
      complain(Level.ERROR, pid() + ": " + e.getMessage() + "; it does not listen");
    }
  }

  private Map<String, String> known(ChannelSettings values) {
    return kinds.accepted(
        values.endpoint().scheme(), values.extra(), Keys.names(ListenerKeys.class), this::warn);
  }

  private Listener bind(ChannelSettings values) throws IOException {
    ChannelOptions made =
        values
            .secrets()
            .into(
                values.options(known(values)),
                kinds,
                values.endpoint().scheme(),
                ChannelSettings.SECRETS,
                this::warn);
    channels.check(values.endpoint(), made);
    Listener listener = channels.listen(values.endpoint(), made, () -> options, this::accepted);
    options = made;
    return listener;
  }

  private void accepted(Channel channel) {
    live.add(channel);
    channel.closed().whenComplete((done, failure) -> live.remove(channel));
  }

  private void adopt(Listener listener) {
    if (!slot.put(listener)) {
      discard(listener, false);
      return;
    }
    alive("bound");
    Endpoint bound = listener.endpoint().anonymous();
    LOG.log(Level.INFO, "listening {0}", LogField.endpoint(bound));
    listener.closed().whenComplete((done, failure) -> serially(() -> lost(listener)));
    Map<String, Object> properties = new TreeMap<>(settings().remote());
    properties.put(Channel.NAME, listener.name());
    properties.put(Channel.KIND, bound.scheme());
    properties.put(Channel.ENDPOINT, bound.toString());
    slot.publish(
        listener,
        () -> services.registerWith("penstock.listening", Listener.class, listener, properties));
  }

  private void lost(Listener listener) {
    if (slot.take(listener)) {
      died();
      LOG.log(Level.INFO, "{0}: the listener was closed; binding it again", pid());
      later(RETRY_MIN, RETRY_MAX);
    }
  }

  @Override
  ChannelSettings changed(ChannelSettings old, ChannelSettings next) {
    Listener listener = slot.get();
    if (listener == null) {
      return next;
    }
    if (old.sameConnection(next)) {
      // The channels that are accepted from now on, and those that are there.
      options = next.options(known(next));
      live.forEach(channel -> ConfiguredChannel.retime(channel, old, next));
      return next;
    }
    Listener fresh;
    try {
      fresh = bind(next);
    } catch (IOException | IllegalArgumentException e) {
      if (isInItsOwnWay(e, listener.endpoint(), next.endpoint())) {
        if (slot.take(listener)) {
          discard(listener, true);
        }
        return next;
      }
      keepsOld(next.endpoint(), e);
      return old;
    }
    if (slot.take(listener)) {
      discard(listener, true);
    }
    adopt(fresh);
    return next;
  }

  @Override
  void discard(Listener listener, boolean graceful) {
    try {
      listener.close();
      engine.settleClosed();
    } catch (IOException e) {
      LOG.log(Level.WARNING, "{0}: closing the listener failed", listener.name(), e);
    }
  }
}
