// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.component;

import io.penstock.channel.Endpoint;
import io.penstock.relay.RelayOptions;
import io.penstock.stream.Units;
import io.penstock.stream.Wait;
import java.time.Duration;
import java.util.List;

/** The values of a {@code io.penstock.Relay} configuration. */
record RelaySettings(
    String name,
    Endpoint from,
    Endpoint to,
    boolean fork,
    Wait idle,
    Wait total,
    long buffer,
    long rate,
    List<String> variables,
    long memoryLimit) {
  static final List<String> KEYS =
      List.of(
          "penstock.name",
          "from",
          "to",
          "fork",
          "idleTimeout",
          "totalTimeout",
          "buffer",
          "rate",
          "acceptEnv",
          "memoryLimit");

  static RelaySettings of(Values values) {
    Endpoint from = endpoint(values, "from");
    Endpoint to = endpoint(values, "to");
    boolean fork = values.flag("fork", false);
    if (fork && !from.listening()) {
      throw values.refused("fork", "true", "false, because from does not listen: " + from);
    }
    if (fork && (to.listening() || to.scheme().equals("stdio"))) {
      throw values.refused(
          "fork", "true", "false, because to cannot be opened for each connection: " + to);
    }
    return new RelaySettings(
        values.name(),
        from,
        to,
        fork,
        limit(values, "idleTimeout"),
        limit(values, "totalTimeout"),
        values.get("buffer", (long) RelayOptions.DEFAULT_BUFFER, RelaySettings::buffer),
        values.get("rate", 0L, Units::bytes),
        values.get("acceptEnv", RelayOptions.defaults().variables(), RelaySettings::patterns),
        values.get("memoryLimit", Long.MAX_VALUE, MemoryComponent::bytes));
  }

  private static Wait limit(Values values, String key) {
    return values.text(key).isEmpty()
        ? Wait.forever()
        : Wait.upTo(values.positive(key, Duration.ZERO));
  }

  private static Endpoint endpoint(Values values, String key) {
    return values.parse(
        key,
        values.required(key, "an endpoint, such as tcp-listen://127.0.0.1:0"),
        Endpoint::parse);
  }

  private static long buffer(String text) {
    long bytes = Units.bytes(text);
    if (bytes < 1 || bytes > 1 << 30) {
      throw new IllegalArgumentException("'" + text + "' is not allowed; expected 1 byte to 1GiB");
    }
    return bytes;
  }

  private static List<String> patterns(String text) {
    return RelayOptions.defaults()
        .withVariables(List.of(text.strip().split("\\s*,\\s*", -1)))
        .variables();
  }

  // Written out: the JDK (17) remembers the component types of a record whose equals it has made,
  // and with one of ours the class loader of a bundle that has gone.
  private List<Object> parts() {
    return List.of(name, from, to, fork, idle, total, buffer, rate, variables, memoryLimit);
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
  RelaySettings withLimitsOf(RelaySettings other) {
    return new RelaySettings(
        name, from, to, fork, other.idle, other.total, buffer, rate, variables, memoryLimit);
  }

  RelayOptions options() {
    return RelayOptions.defaults()
        .withName(name)
        .withFork(fork)
        .withIdle(idle)
        .withTotal(total)
        .withBuffer(buffer)
        .withRate(rate)
        .withVariables(variables)
        .withMemoryLimit(memoryLimit);
  }
}
