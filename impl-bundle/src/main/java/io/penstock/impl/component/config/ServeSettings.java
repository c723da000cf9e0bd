// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.component.config;

import io.penstock.channel.Channel;
import io.penstock.channel.Endpoint;
import io.penstock.serve.Execution;
import io.penstock.serve.LineHandler;
import io.penstock.serve.ServeOptions;
import io.penstock.serve.Server;
import io.penstock.stream.Framing;
import io.penstock.stream.Units;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;

/**
 * How a handler asks to be served.
 *
 * @param endpoint to listen on, or to connect to
 * @param options how
 * @param texts what was given, by which a change is seen
 */
public record ServeSettings(Endpoint endpoint, ServeOptions options, Map<String, String> texts) {
  private static final String PREFIX = "penstock.";

  private static final Framings<ServeKeys> FRAMINGS =
      new Framings<>(
          ServeKeys::penstock_framing,
          ServeKeys::penstock_maxFrame,
          ServeKeys::penstock_frameTimeout,
          ServeKeys::penstock_idleTimeout);

  /** The service properties of which a handler has one. */
  public static final Set<String> ADDRESSES =
      Keys.names(
          ServeKeys.class,
          List.of(
              ServeKeys::penstock_listen,
              ServeKeys::penstock_serve_on,
              ServeKeys::penstock_connect,
              ServeKeys::penstock_connect_to));

  /**
   * Reads them.
   *
   * @param name of the handler, for reports
   * @param handler the handler
   * @throws IllegalArgumentException if a value is not allowed; the message names it
   */
  public static ServeSettings of(
      String name, Object handler, Map<String, Object> properties, Consumer<String> warn) {
    Map<String, Object> named = new TreeMap<>(properties);
    named.put("service.pid", name);
    Values<ServeKeys> values = new Values<>(ServeKeys.class, named);
    Map<String, String> texts = new TreeMap<>();
    Set<String> known = Keys.names(ServeKeys.class);
    Set<String> unknown = new TreeSet<>();
    for (String key : properties.keySet()) {
      if (known.contains(key)) {
        values.text(key).ifPresent(text -> texts.put(key, text));
      } else if (key.startsWith(PREFIX) && !key.equals(Channel.NAME)) {
        unknown.add(key);
      }
    }
    Kinds.warn(unknown, Set.of(), known, warn);
    return new ServeSettings(endpoint(values, name), options(values, name, handler), texts);
  }

  private static Endpoint endpoint(Values<ServeKeys> values, String name) {
    // A configuration with the plain key goes before what an annotation says.
    Optional<Endpoint> listen =
        values
            .find(ServeKeys::penstock_listen, text -> listening(text))
            .or(() -> values.find(ServeKeys::penstock_serve_on, text -> listening(text)));
    Optional<Endpoint> connect =
        values
            .find(ServeKeys::penstock_connect, text -> connecting(text))
            .or(() -> values.find(ServeKeys::penstock_connect_to, text -> connecting(text)));
    return one(listen, connect, name + ": " + Server.LISTEN + " and " + Server.CONNECT)
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    name + ": " + Server.LISTEN + ": it is empty; expected an endpoint"));
  }

  private static Optional<Endpoint> one(
      Optional<Endpoint> first, Optional<Endpoint> second, String both) {
    if (first.isPresent() && second.isPresent()) {
      throw new IllegalArgumentException(both + " are both given; expected one of them");
    }
    return first.or(() -> second);
  }

  private static Endpoint listening(String text) {
    Endpoint endpoint = Endpoint.parse(text);
    if (!endpoint.listening()) {
      throw Values.unexpected(
          endpoint.name(),
          "one that listens, such as tcp-listen://127.0.0.1:7000; "
              + Server.CONNECT
              + " takes this one");
    }
    return endpoint;
  }

  private static Endpoint connecting(String text) {
    Endpoint endpoint = Endpoint.parse(text);
    if (endpoint.listening()) {
      throw Values.unexpected(
          endpoint.name(),
          "one to connect to, such as tcp://localhost:7000; " + Server.LISTEN + " takes this one");
    }
    return endpoint;
  }

  private static ServeOptions options(Values<ServeKeys> values, String name, Object handler) {
    Framing framing =
        FRAMINGS.read(
            values,
            longest -> handler instanceof LineHandler ? Framing.lines(longest) : Framing.bytes());
    Duration least = values.get(ServeKeys::penstock_reconnectMin, Values::positive);
    Duration most =
        values.get(ServeKeys::penstock_reconnectMax, text -> ChannelSettings.longest(text, least));
    ServeOptions options =
        ServeOptions.defaults()
            .withName(name)
            .withFraming(framing)
            .withExecution(values.get(ServeKeys::penstock_execution, ServeSettings::execution))
            .withDrainTimeout(values.get(ServeKeys::penstock_drainTimeout, Units::duration))
            .withReconnect(least, most);
    return values
        .find(ServeKeys::penstock_maxConnections, PollerSettings::count)
        .map(options::withMaxConnections)
        .orElse(options);
  }

  private static Execution execution(String text) {
    return Arrays.stream(Execution.values())
        .filter(each -> each.name().toLowerCase(Locale.ROOT).equals(text))
        .findFirst()
        .orElseThrow(() -> Values.unexpected(text, "poller, pool or virtual"));
  }

  // Written out as in ChannelSettings: the JDK keeps the class of a record whose equals it has
  // made.
  @Override
  public boolean equals(Object other) {
    return other instanceof ServeSettings that && texts.equals(that.texts);
  }

  @Override
  public int hashCode() {
    return texts.hashCode();
  }
}
