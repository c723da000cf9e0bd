// SPDX-License-Identifier: Apache-2.0
package io.penstock.spi;

import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ProviderType;

/**
 * An argument of a log line that has a key, for loggers that write keys and values. The line shows
 * the value. The first argument of a line that begins with it and a colon is a {@link #name}
 * without being made one.
 *
 * @param key such as {@code peer}
 * @param value what is shown, by its text
 */
@ProviderType
public record LogField(String key, @Nullable Object value) {
  /**
   * What the line is about.
   *
   * @param value the name of a channel, pipe, listener, relay or configuration
   * @return the field {@code name}
   */
  public static LogField name(@Nullable Object value) {
    return new LogField("name", value);
  }

  /**
   * Where something listens or connects.
   *
   * @param value an endpoint without secrets
   * @return the field {@code endpoint}
   */
  public static LogField endpoint(@Nullable Object value) {
    return new LogField("endpoint", value);
  }

  /**
   * The other side.
   *
   * @param value such as an address
   * @return the field {@code peer}
   */
  public static LogField peer(@Nullable Object value) {
    return new LogField("peer", value);
  }

  /**
   * Why it happened, where the line has no exception.
   *
   * @param value such as the text of an exception
   * @return the field {@code cause}
   */
  public static LogField cause(@Nullable Object value) {
    return new LogField("cause", value);
  }

  /** {@return the text of the value} */
  @Override
  public String toString() {
    return String.valueOf(value);
  }
}
