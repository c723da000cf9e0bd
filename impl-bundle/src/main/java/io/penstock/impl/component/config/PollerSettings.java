// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.component.config;

import io.penstock.stream.Framing;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;

/** The values of the configuration {@code io.penstock.Poller.default}. */
public record PollerSettings(int events, Framing framing, Optional<Duration> spin) {
  private static final Framings<PollerKeys> FRAMINGS =
      new Framings<>(
          PollerKeys::framing,
          PollerKeys::maxFrame,
          PollerKeys::frameTimeout,
          PollerKeys::idleTimeout);

  /** Without a configuration. */
  public static final PollerSettings DEFAULT = of(Map.of());

  /** Reads them. */
  public static PollerSettings of(Map<String, ?> properties) {
    Values<PollerKeys> values = new Values<>(PollerKeys.class, properties);
    return new PollerSettings(
        values.get(PollerKeys::maxEventsPerPoll, PollerSettings::count),
        skipping(values, FRAMINGS.read(values, longest -> Framing.bytes())),
        values.options().spin());
  }

  private static Framing skipping(Values<PollerKeys> values, Framing framing) {
    return values.get(PollerKeys::longerFrames, PollerSettings::skips)
        ? framing.skippingTooLong()
        : framing;
  }

  private static boolean skips(String text) {
    return switch (text) {
      case "skip" -> true;
      case "fail" -> false;
      default -> throw Values.unexpected(text, "fail or skip");
    };
  }

  /** Reads a number of 1 or more. */
  static int count(String text) {
    String allowed = "a number from 1 to " + Integer.MAX_VALUE;
    if (!text.matches("\\d+")) {
      throw Values.unexpected(text, allowed);
    }
    return Values.bytes(1, Integer.MAX_VALUE, allowed).apply(text).intValue();
  }
}
