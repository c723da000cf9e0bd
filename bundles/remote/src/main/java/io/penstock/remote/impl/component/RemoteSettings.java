// SPDX-License-Identifier: Apache-2.0
package io.penstock.remote.impl.component;

import io.penstock.remote.impl.node.OnRemoved;
import io.penstock.remote.impl.provider.RemoteOptions;
import io.penstock.remote.spi.RegistrySettings;
import io.penstock.spi.Messages;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The values of a configuration {@code io.penstock.Remote}.
 *
 * @param registry where it is
 * @param onRemoved what becomes of open channels
 * @param imports names, or an asterisk
 * @param unknown keys that have no effect
 */
record RemoteSettings(
    RegistrySettings registry, OnRemoved onRemoved, Set<String> imports, Set<String> unknown) {
  private static final Set<String> KEYS =
      Set.of("servers", "session", "onRemoved", "imports", "replicas");

  /** What frameworks and installers add to every configuration. */
  private static final List<String> FOREIGN =
      List.of(":", "service.", "component.", "felix.", "osgi.", "org.apache.", "org.osgi.");

  private static final int MOST_REPLICAS = 5;

  static RemoteSettings of(Map<String, ?> properties) {
    Map<String, String> options = new TreeMap<>();
    Map<String, String> secrets = new TreeMap<>();
    Set<String> unknown = new TreeSet<>();
    for (Map.Entry<String, ?> each : properties.entrySet()) {
      String key = each.getKey();
      String value = text(each.getValue());
      if (KEYS.contains(key) || FOREIGN.stream().anyMatch(key::startsWith)) {
        continue;
      }
      if (key.startsWith(".")) {
        if (!value.isEmpty()) {
          secrets.put(key.substring(1), value);
        }
      } else if (key.startsWith("tls.") || key.equals("user")) {
        if (!value.isBlank()) {
          options.put(key, value);
        }
      } else {
        unknown.add(key);
      }
    }
    return new RemoteSettings(
        new RegistrySettings(
            RemoteOptions.servers(text(properties.get("servers"))),
            RemoteOptions.session(text(properties, "session", "3s")),
            replicas(text(properties, "replicas", "3")),
            options,
            secrets),
        onRemoved(text(properties, "onRemoved", OnRemoved.ABORT_IF_SILENT.text())),
        imports(properties),
        Set.copyOf(unknown));
  }

  private static String text(Map<String, ?> properties, String key, String fallback) {
    String text = text(properties.get(key));
    return text.isBlank() ? fallback : text;
  }

  private static String text(@Nullable Object value) {
    if (value instanceof Object[] many) {
      return String.join(",", Arrays.stream(many).map(String::valueOf).toList());
    }
    if (value instanceof Collection<?> many) {
      return String.join(",", many.stream().map(String::valueOf).toList());
    }
    return value == null ? "" : value.toString().strip();
  }

  private static int replicas(String text) {
    if (!text.matches("[1-" + MOST_REPLICAS + "]")) {
      throw Messages.refused("replicas", text, "a number from 1 to " + MOST_REPLICAS);
    }
    return Integer.parseInt(text);
  }

  private static OnRemoved onRemoved(String text) {
    return Arrays.stream(OnRemoved.values())
        .filter(each -> each.text().equals(text))
        .findFirst()
        .orElseThrow(() -> Messages.refused("onRemoved", text, "abort-if-silent, abort or keep"));
  }

  private static Set<String> imports(Map<String, ?> properties) {
    if (!properties.containsKey("imports")) {
      return Set.of("*");
    }
    List<String> names = new ArrayList<>();
    for (String each : text(properties.get("imports")).split(",", -1)) {
      if (!each.isBlank()) {
        names.add(each.strip());
      }
    }
    return names.contains("*") ? Set.of("*") : Set.copyOf(names);
  }

  // Written out as in RemoteEntry.
  @Override
  public boolean equals(Object other) {
    return other instanceof RemoteSettings that
        && registry.equals(that.registry)
        && onRemoved == that.onRemoved
        && imports.equals(that.imports)
        && unknown.equals(that.unknown);
  }

  @Override
  public int hashCode() {
    return registry.hashCode();
  }
}
