// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.component.config;

import io.penstock.stream.Framing;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads how bytes are cut into frames.
 *
 * @param <K> describes the keys
 */
record Framings<K>(
    Function<K, String> framing,
    Function<K, String> maxFrame,
    Function<K, String> frameTimeout,
    Function<K, String> idleTimeout) {
  private static final String ALLOWED =
      "bytes, lines, length1, length2, length4, length8, length2-little, length4-little,"
          + " length8-little or varint";

  private static final Pattern LENGTH =
      Pattern.compile("length(?<size>[1248])(?<little>(?<!1)-little)?");

  /** The largest frame that has room for its length in a buffer. */
  private static final int MOST = Integer.MAX_VALUE - 2 * Long.BYTES;

  /** The framing with its limits; the given one if the values name none. */
  Framing read(Values<K> values, Function<Integer, Framing> otherwise) {
    int longest =
        values
            .get(maxFrame, Values.bytes(1, Integer.MAX_VALUE, "1 byte or more, less than 2GiB"))
            .intValue();
    Optional<Framing> named = values.find(framing, text -> framing(text, longest));
    Framing framing = named.orElseGet(() -> otherwise.apply(longest));
    Framing limited = values.find(frameTimeout, text -> within(framing, text)).orElse(framing);
    return values.find(idleTimeout, Values::positive).map(limited::withIdleTimeout).orElse(limited);
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
      case "varint" -> Framing.varintPrefixed(Math.min(longest, MOST));
      default -> {
        Matcher length = LENGTH.matcher(text);
        if (!length.matches()) {
          throw Values.unexpected(text, ALLOWED);
        }
        yield Framing.lengthPrefixed(
            Integer.parseInt(length.group("size")),
            length.group("little") == null ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN,
            Math.min(longest, MOST));
      }
    };
  }
}
