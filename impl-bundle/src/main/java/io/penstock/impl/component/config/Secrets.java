// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.component.config;

import io.penstock.channel.ChannelOptions;
import java.util.Collection;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.Consumer;

/** The secrets of a configuration: compared, handed on, and in no text. */
public final class Secrets {
  private final Map<String, String> values;

  Secrets(Map<String, String> values) {
    this.values = new TreeMap<>(values);
  }

  /**
   * Puts those that a kind takes into the options of a channel or listener.
   *
   * @param described keys that are in vain if the kind does not take them
   * @param warn is told of those
   */
  public ChannelOptions into(
      ChannelOptions options,
      Kinds kinds,
      String scheme,
      Collection<String> described,
      Consumer<String> warn) {
    ChannelOptions result = options;
    Collection<String> known = kinds.secretKeys(scheme);
    for (Map.Entry<String, String> each : values.entrySet()) {
      if (known.contains(each.getKey())) {
        result = result.withSecret(each.getKey(), each.getValue());
      } else if (described.contains(each.getKey()) && kinds.optionKeys(scheme).isPresent()) {
        warn.accept("the key '." + each.getKey() + "' has no effect with " + scheme + ":");
      }
    }
    return result;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Secrets secrets && values.equals(secrets.values);
  }

  @Override
  public int hashCode() {
    return Objects.hashCode(values.keySet());
  }

  /** {@return which there are} */
  @Override
  public String toString() {
    return values.keySet().toString();
  }
}
