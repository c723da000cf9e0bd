// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.component;

import io.penstock.channel.Channel;
import io.penstock.impl.channel.Channels;
import io.penstock.impl.component.config.ChannelSettings;
import io.penstock.impl.component.config.Kinds;
import io.penstock.impl.engine.Engine;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;

/** A configured channel without a container: for the simulation, which has none. */
public final class Simulated {
  private static final Kinds KINDS =
      new Kinds() {
        @Override
        public Optional<Set<String>> optionKeys(String scheme) {
          return Optional.of(Set.of());
        }

        @Override
        public Set<String> secretKeys(String scheme) {
          return Set.of();
        }
      };

  private final ConfiguredChannel channel;

  /**
   * A configured channel.
   *
   * @param registered is told of each channel that is registered as a service
   * @param withdrawn is told when it is withdrawn
   */
  public Simulated(
      Engine engine,
      Channels channels,
      Map<String, String> values,
      Consumer<Channel> registered,
      Consumer<Channel> withdrawn) {
    Map<String, Object> all = new TreeMap<>(values);
    all.put("service.pid", "io.penstock.Channel~simulated");
    this.channel =
        new ConfiguredChannel(
            engine,
            new Names(),
            channels,
            KINDS,
            (type, service, properties) -> {
              registered.accept((Channel) service);
              return () -> withdrawn.accept((Channel) service);
            },
            "io.penstock.Channel~simulated");
    channel.configure(ChannelSettings.channel(all));
  }

  /** Takes the configuration away. */
  public void stop() {
    channel.stop(true);
  }
}
