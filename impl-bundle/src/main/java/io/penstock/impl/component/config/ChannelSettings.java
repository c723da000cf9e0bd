// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.component.config;

import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * The values of a {@code io.penstock.Channel} or {@code io.penstock.Listener} configuration.
 *
 * @param values of the keys that every kind understands, checked
 * @param extra values of all other keys, which only the endpoint's kind may know
 * @param secrets values of keys that begin with a dot
 * @param remote how a listener is found by other containers, as its service tells; empty if it is
 *     not
 */
public record ChannelSettings(
    String name,
    Endpoint endpoint,
    Map<String, String> values,
    Map<String, String> extra,
    Secrets secrets,
    Map<String, String> remote,
    boolean reconnect,
    Duration reconnectMin,
    Duration reconnectMax) {
  /** Those that the metatype describes; a kind may take others. */
  public static final List<String> SECRETS =
      Keys.names(ChannelKeys.class).stream()
          .filter(key -> key.startsWith("."))
          .map(key -> key.substring(1))
          .toList();

  /** A change of these needs another connection; one of the others does not. */
  private static final Set<String> LIVE =
      Keys.names(
          ChannelKeys.class,
          List.of(
              ChannelKeys::readTimeout,
              ChannelKeys::writeTimeout,
              ChannelKeys::readBlocking,
              ChannelKeys::writeBlocking,
              ChannelKeys::connectTimeout,
              ChannelKeys::closeTimeout));

  /** Reads those of a channel. */
  public static ChannelSettings channel(Map<String, ?> properties) {
    Values<ChannelKeys> values = new Values<>(ChannelKeys.class, properties);
    Endpoint endpoint =
        values.required(
            ChannelKeys::endpoint,
            "one to connect to, such as tcp://localhost:80",
            Endpoint::parse);
    if (endpoint.listening()) {
      throw values.refused(
          ChannelKeys::endpoint,
          endpoint.name(),
          "one to connect to, such as tcp://localhost:80; a configuration io.penstock.Listener~NAME"
              + " takes this one");
    }
    boolean reconnect = values.flag(ChannelKeys::reconnect);
    Duration min = values.get(ChannelKeys::reconnectMin, Values::positive);
    Duration max = values.get(ChannelKeys::reconnectMax, text -> longest(text, min));
    return of(values, endpoint, Map.of(), reconnect, min, max);
  }

  /** Reads the longest delay, which is the shortest or more. */
  static Duration longest(String text, Duration min) {
    Duration max = Values.positive(text);
    if (max.compareTo(min) < 0) {
      throw Values.unexpected(text, "reconnectMin or more, which is " + min.toMillis() + "ms");
    }
    return max;
  }

  /** Reads those of a listener. */
  public static ChannelSettings listener(Map<String, ?> properties) {
    Values<ListenerKeys> values = new Values<>(ListenerKeys.class, properties);
    Endpoint endpoint =
        values.required(
            ListenerKeys::endpoint,
            "one that listens, such as tcp-listen://127.0.0.1:0",
            Endpoint::parse);
    if (!endpoint.listening()) {
      throw values.refused(
          ListenerKeys::endpoint,
          endpoint.name(),
          "one that listens, such as tcp-listen://127.0.0.1:0; a configuration"
              + " io.penstock.Channel~NAME takes this one");
    }
    return of(values, endpoint, remote(values), true, Duration.ZERO, Duration.ZERO);
  }

  private static Map<String, String> remote(Values<ListenerKeys> values) {
    Map<String, String> remote = new TreeMap<>(values.beginning("service.exported."));
    boolean published = values.flag(ListenerKeys::remote);
    if (!published && remote.isEmpty()) {
      return Map.of();
    }
    if (published) {
      remote.put("penstock.remote", "true");
    }
    for (String key : List.of("advertise", "rank", "tags")) {
      values.text(key).ifPresent(text -> remote.put("penstock." + key, text));
    }
    return Map.copyOf(remote);
  }

  private static ChannelSettings of(
      Values<?> values,
      Endpoint endpoint,
      Map<String, String> remote,
      boolean reconnect,
      Duration min,
      Duration max) {
    ChannelSettings made =
        new ChannelSettings(
            values.name(),
            endpoint,
            Map.copyOf(values.common()),
            values.others(),
            values.secrets(SECRETS),
            remote,
            reconnect,
            min,
            max);
    ChannelOptions unused = values.named(made::merged);
    return made;
  }

  // Written out: the JDK (17) remembers the component types of a record whose equals it has made,
  // and with one of ours the class loader of a bundle that has gone.
  private List<Object> parts() {
    return List.of(
        name, endpoint, values, extra, secrets, remote, reconnect, reconnectMin, reconnectMax);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof ChannelSettings that && parts().equals(that.parts());
  }

  @Override
  public int hashCode() {
    return parts().hashCode();
  }

  /** The options, with those of the kind that is known now. */
  public ChannelOptions options(Map<String, String> kinds) {
    ChannelOptions options = Values.options(values).withName(name);
    for (Map.Entry<String, String> option : kinds.entrySet()) {
      options = options.with(option.getKey(), option.getValue());
    }
    return options;
  }

  /** The options as the ends see them: those of the endpoint go before the configuration's. */
  public ChannelOptions merged() {
    return options(Map.of()).withAll(endpoint);
  }

  /** Whether a live connection can go on under other values. */
  public boolean sameConnection(ChannelSettings other) {
    return endpoint.equals(other.endpoint)
        && extra.equals(other.extra)
        && secrets.equals(other.secrets)
        && remote.equals(other.remote)
        && lasting().equals(other.lasting());
  }

  private Map<String, String> lasting() {
    Map<String, String> lasting = new TreeMap<>(values);
    lasting.keySet().removeAll(LIVE);
    return lasting;
  }
}
