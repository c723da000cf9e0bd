// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.component.config;

import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;

/** What is known of the kinds that are installed now. */
public interface Kinds {
  /**
   * The option keys of a scheme beside those that every kind understands; one that ends in a dot
   * stands for every key that begins with it.
   *
   * @return empty when no provider of the scheme is installed
   */
  Optional<Set<String>> optionKeys(String scheme);

  /** The secrets that a scheme takes; none when no provider of it is installed. */
  Set<String> secretKeys(String scheme);

  /** Of a configuration's other keys those that the kind knows; warns of the rest. */
  default Map<String, String> accepted(
      String scheme, Map<String, String> extra, Set<String> known, Consumer<String> warn) {
    Set<String> kinds = optionKeys(scheme).orElse(null);
    if (kinds == null || extra.isEmpty()) {
      return extra;
    }
    Map<String, String> accepted = new TreeMap<>(extra);
    accepted
        .keySet()
        .removeIf(
            key ->
                kinds.stream().noneMatch(k -> k.endsWith(".") ? key.startsWith(k) : key.equals(k)));
    Set<String> all = new TreeSet<>(known);
    all.addAll(kinds);
    warn(extra.keySet(), accepted.keySet(), all, warn);
    return accepted;
  }

  /** Warns of keys that nobody knows. */
  static void warn(
      Set<String> given, Set<String> accepted, Set<String> known, Consumer<String> warn) {
    for (String key : new TreeSet<>(given)) {
      if (!accepted.contains(key)) {
        warn.accept(
            "the key '"
                + key
                + "' is unknown and has no effect; known are "
                + String.join(", ", known));
      }
    }
  }
}
