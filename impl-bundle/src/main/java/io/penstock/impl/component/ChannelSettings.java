// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.component;

import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import java.time.Duration;
import java.util.ArrayList;
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
 */
record ChannelSettings(
    String name,
    Endpoint endpoint,
    Map<String, String> values,
    Map<String, String> extra,
    Secrets secrets,
    boolean reconnect,
    Duration reconnectMin,
    Duration reconnectMax) {
  private static final List<String> SHARED =
      List.of(
          "penstock.name",
          "endpoint",
          "readTimeout",
          "writeTimeout",
          "readBlocking",
          "writeBlocking",
          "closeTimeout",
          "receiveBuffer",
          "sendBuffer",
          "spin");

  static final List<String> CHANNEL_KEYS =
      join(
          SHARED,
          "connectTimeout",
          "reconnect",
          "reconnectMin",
          "reconnectMax",
          ".password",
          ".passphrase");
  static final List<String> LISTENER_KEYS =
      join(SHARED, "backlog", "maxConnections", ".passphrase");

  /** Those that the metatype describes; a kind may take others. */
  static final List<String> SECRETS = List.of("password", "passphrase");

  /** A change of these needs another connection; one of the others does not. */
  private static final Set<String> LIVE =
      Set.of(
          "readTimeout",
          "writeTimeout",
          "readBlocking",
          "writeBlocking",
          "connectTimeout",
          "closeTimeout");

  private static List<String> join(List<String> some, String... more) {
    List<String> all = new ArrayList<>(some);
    all.addAll(List.of(more));
    return List.copyOf(all);
  }

  static ChannelSettings channel(Values values) {
    Endpoint endpoint =
        values.parse(
            "endpoint",
            values.required("endpoint", "one to connect to, such as tcp://localhost:80"),
            Endpoint::parse);
    if (endpoint.listening()) {
      throw values.refused(
          "endpoint",
          endpoint.name(),
          "one to connect to, such as tcp://localhost:80; a configuration io.penstock.Listener~NAME"
              + " takes this one");
    }
    boolean reconnect = values.flag("reconnect", true);
    Duration min = values.positive("reconnectMin", Configured.RETRY_MIN);
    Duration max = values.positive("reconnectMax", Configured.RETRY_MAX);
    if (max.compareTo(min) < 0) {
      throw values.refused(
          "reconnectMax",
          values.text("reconnectMax").orElse("30s"),
          "reconnectMin or more, which is " + min.toMillis() + "ms");
    }
    return of(values, endpoint, CHANNEL_KEYS, reconnect, min, max);
  }

  static ChannelSettings listener(Values values) {
    Endpoint endpoint =
        values.parse(
            "endpoint",
            values.required("endpoint", "one that listens, such as tcp-listen://127.0.0.1:0"),
            Endpoint::parse);
    if (!endpoint.listening()) {
      throw values.refused(
          "endpoint",
          endpoint.name(),
          "one that listens, such as tcp-listen://127.0.0.1:0; a configuration"
              + " io.penstock.Channel~NAME takes this one");
    }
    return of(values, endpoint, LISTENER_KEYS, true, Configured.RETRY_MIN, Configured.RETRY_MAX);
  }

  private static ChannelSettings of(
      Values values,
      Endpoint endpoint,
      List<String> keys,
      boolean reconnect,
      Duration min,
      Duration max) {
    Map<String, String> common = new TreeMap<>();
    for (String key : keys) {
      if (ChannelOptions.COMMON_KEYS.contains(key)) {
        values.text(key).ifPresent(text -> common.put(key, text));
      }
    }
    if (keys.contains("connectTimeout")) {
      values.positive("connectTimeout", Duration.ofSeconds(10));
    }
    // "Never wait" goes before a limit, in whichever order they are written.
    values.wait("readTimeout", "readBlocking");
    values.wait("writeTimeout", "writeBlocking");
    ChannelSettings made =
        new ChannelSettings(
            values.name(),
            endpoint,
            Map.copyOf(common),
            values.others(keys),
            values.secrets(SECRETS),
            reconnect,
            min,
            max);
    try {
      ChannelOptions unused = made.options(Map.of()).withAll(endpoint);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(values.pid() + ": " + e.getMessage(), e);
    }
    return made;
  }

  // Written out: the JDK (17) remembers the component types of a record whose equals it has made,
  // and with one of ours the class loader of a bundle that has gone.
  private List<Object> parts() {
    return List.of(name, endpoint, values, extra, secrets, reconnect, reconnectMin, reconnectMax);
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
  ChannelOptions options(Map<String, String> kinds) {
    ChannelOptions options = ChannelOptions.defaults().withName(name);
    for (String key : ChannelOptions.COMMON_KEYS) {
      String text = values.get(key);
      if (text != null) {
        options = options.with(key, text);
      }
    }
    for (Map.Entry<String, String> option : kinds.entrySet()) {
      options = options.with(option.getKey(), option.getValue());
    }
    return options;
  }

  /** The options as the ends see them: those of the endpoint go before the configuration's. */
  ChannelOptions merged() {
    return options(Map.of()).withAll(endpoint);
  }

  /** Whether a live connection can go on under other values. */
  boolean sameConnection(ChannelSettings other) {
    return endpoint.equals(other.endpoint)
        && extra.equals(other.extra)
        && secrets.equals(other.secrets)
        && lasting().equals(other.lasting());
  }

  private Map<String, String> lasting() {
    Map<String, String> lasting = new TreeMap<>(values);
    lasting.keySet().removeAll(LIVE);
    return lasting;
  }
}
