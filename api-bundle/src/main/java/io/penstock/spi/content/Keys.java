// SPDX-License-Identifier: Apache-2.0
package io.penstock.spi.content;

import io.penstock.channel.ChannelOptions;
import io.penstock.spi.Messages;
import io.penstock.stream.Units;
import java.time.Duration;
import java.util.Map;
import org.osgi.annotation.versioning.ProviderType;

/** Reads the keys of a durable pipe. Immutable. */
@ProviderType
public final class Keys {
  private final Map<String, String> keys;

  /**
   * Reads from options.
   *
   * @param options as a {@link io.penstock.spi.PipeProvider} gets them
   */
  public Keys(ChannelOptions options) {
    this.keys = options.extra();
  }

  /**
   * A text.
   *
   * @param key which
   * @param fallback where it is not given
   * @return without white space around it
   */
  public String text(String key, String fallback) {
    return keys.getOrDefault(key, fallback).strip();
  }

  /**
   * What to throw for a value that is not allowed.
   *
   * @param key which
   * @param allowed what is expected
   * @return names both, and the value
   */
  public IllegalArgumentException refused(String key, String allowed) {
    return Messages.refused(key, text(key, ""), allowed);
  }

  /**
   * A number of bytes.
   *
   * @param key which
   * @param fallback where it is not given
   * @param least the least that is allowed
   * @param most the most that is allowed
   * @param allowed what is expected, in words
   * @return in bytes
   * @throws IllegalArgumentException if it is not as expected; the message names the key
   */
  public long bytes(String key, String fallback, long least, long most, String allowed) {
    long value;
    try {
      value = Units.bytes(text(key, fallback));
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(key + ": " + e.getMessage(), e);
    }
    if (value < least || value > most) {
      throw refused(key, allowed);
    }
    return value;
  }

  /**
   * A duration of more than 0.
   *
   * @param key which
   * @param fallback where it is not given
   * @return the value
   * @throws IllegalArgumentException if it is none; the message names the key
   */
  public Duration duration(String key, String fallback) {
    Duration value;
    try {
      value = Units.duration(text(key, fallback));
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(key + ": " + e.getMessage(), e);
    }
    if (value.isZero()) {
      throw refused(key, "a duration of more than 0, such as 30s");
    }
    return value;
  }
}
