// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.component.config;

import io.penstock.stream.Framing;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;

/** The values of the configuration {@code io.penstock.Poller.default}. */
public record PollerSettings(int events, Framing framing, Optional<Duration> spin) {
  /** Without a configuration. */
  public static final PollerSettings DEFAULT = of(Map.of());

  /** Reads them. */
  public static PollerSettings of(Map<String, ?> properties) {
    Values<PollerKeys> values = new Values<>(PollerKeys.class, properties);
    int longest =
        values
            .get(
                PollerKeys::maxFrame,
                Values.bytes(1, Integer.MAX_VALUE, "1 byte or more, less than 2GiB"))
            .intValue();
    return new PollerSettings(
        values.get(PollerKeys::maxEventsPerPoll, PollerSettings::count),
        limited(values, values.get(PollerKeys::framing, text -> framing(text, longest))),
        values.options().spin());
  }

  private static Framing limited(Values<PollerKeys> values, Framing framing) {
    Framing limited =
        values.find(PollerKeys::frameTimeout, text -> within(framing, text)).orElse(framing);
    return values
        .find(PollerKeys::idleTimeout, Values::positive)
        .map(limited::withIdleTimeout)
        .orElse(limited);
  }

  private static Framing within(Framing framing, String text) {
    Duration limit = Values.positive(text);
    if (framing.max() == Integer.MAX_VALUE) {
      throw Values.unexpected(text, "none with framing bytes");
    }
    return framing.withFrameTimeout(limit);
  }

  private static Framing framing(String text, int longest) {
    return switch (text) {
      case "bytes" -> Framing.bytes();
      case "lines" -> Framing.lines(longest);
      default -> throw Values.unexpected(text, "bytes or lines");
    };
  }

  private static int count(String text) {
    String allowed = "a number from 1 to " + Integer.MAX_VALUE;
    if (!text.matches("\\d+")) {
      throw Values.unexpected(text, allowed);
    }
    return Values.bytes(1, Integer.MAX_VALUE, allowed).apply(text).intValue();
  }
}
