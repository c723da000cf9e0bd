// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.component.config;

import io.penstock.channel.Endpoint;
import io.penstock.relay.RelayOptions;
import io.penstock.stream.Units;
import io.penstock.stream.Wait;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** The values of a {@code io.penstock.Relay} configuration. */
public record RelaySettings(
    String name,
    Endpoint from,
    Endpoint to,
    boolean fork,
    Wait idle,
    Wait total,
    long buffer,
    long sendBufferLimit,
    long rate,
    List<String> variables,
    long memoryLimit) {

  /** Reads them. */
  public static RelaySettings of(Map<String, ?> properties) {
    Values<RelayKeys> values = new Values<>(RelayKeys.class, properties);
    Endpoint from = endpoint(values, RelayKeys::from);
    Endpoint to = endpoint(values, RelayKeys::to);
    boolean fork = values.flag(RelayKeys::fork);
    if (fork && !from.listening()) {
      throw values.refused(RelayKeys::fork, "true", "false, because from does not listen: " + from);
    }
    if (fork && (to.listening() || to.scheme().equals("stdio"))) {
      throw values.refused(
          RelayKeys::fork, "true", "false, because to cannot be opened for each connection: " + to);
    }
    return new RelaySettings(
        values.name(),
        from,
        to,
        fork,
        limit(values, RelayKeys::idleTimeout),
        limit(values, RelayKeys::totalTimeout),
        values.get(RelayKeys::buffer, Values.bytes(1, 1 << 30, "1 byte to 1GiB")),
        values.get(RelayKeys::sendBufferLimit, RelaySettings::sendBufferLimit),
        values.get(RelayKeys::rate, Units::bytes),
        values.get(RelayKeys::acceptEnv, RelaySettings::patterns),
        values.find(RelayKeys::memoryLimit, MemorySettings.LIMIT).orElse(Long.MAX_VALUE));
  }

  private static Wait limit(Values<RelayKeys> values, Function<RelayKeys, String> key) {
    return values.find(key, Values::positive).map(Wait::upTo).orElse(Wait.forever());
  }

  private static Endpoint endpoint(Values<RelayKeys> values, Function<RelayKeys, String> key) {
    return values.required(key, "an endpoint, such as tcp-listen://127.0.0.1:0", Endpoint::parse);
  }

  private static long sendBufferLimit(String text) {
    return Units.bytes(text) == 0
        ? 0
        : Values.bytes(4096, 1 << 30, "4KiB to 1GiB, or 0").apply(text);
  }

  private static List<String> patterns(String text) {
    return RelayOptions.defaults()
        .withVariables(List.of(text.strip().split("\\s*,\\s*", -1)))
        .variables();
  }

  // Written out: the JDK (17) remembers the component types of a record whose equals it has made,
  // and with one of ours the class loader of a bundle that has gone.
  private List<Object> parts() {
    return List.of(
        name, from, to, fork, idle, total, buffer, sendBufferLimit, rate, variables, memoryLimit);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof RelaySettings that && parts().equals(that.parts());
  }

  @Override
  public int hashCode() {
    return parts().hashCode();
  }

  /** The same with the limits of time of another, which can be changed at any time. */
  public RelaySettings withLimitsOf(RelaySettings other) {
    return new RelaySettings(
        name,
        from,
        to,
        fork,
        other.idle,
        other.total,
        buffer,
        sendBufferLimit,
        rate,
        variables,
        memoryLimit);
  }

  /** The options of the relay. */
  public RelayOptions options() {
    return RelayOptions.defaults()
        .withName(name)
        .withFork(fork)
        .withIdle(idle)
        .withTotal(total)
        .withBuffer(buffer)
        .withSendBufferLimit(sendBufferLimit)
        .withRate(rate)
        .withVariables(variables)
        .withMemoryLimit(memoryLimit);
  }
}
