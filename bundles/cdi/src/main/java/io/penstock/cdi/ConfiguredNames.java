// SPDX-License-Identifier: Apache-2.0
package io.penstock.cdi;

import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import org.eclipse.microprofile.config.Config;
import org.eclipse.microprofile.config.ConfigProvider;

/** The configurations among the properties of MicroProfile Config: {@code PID~NAME.KEY}. */
final class ConfiguredNames {
  private static final String PREFIX = "io.penstock.";

  private ConfiguredNames() {}

  /** The values by their keys, by their PID. */
  static Map<String, Map<String, String>> read() {
    Config config = ConfigProvider.getConfig();
    Map<String, Map<String, String>> found = new TreeMap<>();
    for (String property : config.getPropertyNames()) {
      int name = property.indexOf('~');
      if (!property.startsWith(PREFIX) || name < 0) {
        continue;
      }
      int dot = property.indexOf('.', name);
      String pid = dot < 0 ? property : property.substring(0, dot);
      Map<String, String> values = found.computeIfAbsent(pid, any -> new HashMap<>());
      if (dot >= 0) {
        config
            .getOptionalValue(property, String.class)
            .ifPresent(value -> values.put(property.substring(dot + 1), value));
      }
    }
    return found;
  }

  /** A property of its own. */
  static String value(String property, String otherwise) {
    return ConfigProvider.getConfig().getOptionalValue(property, String.class).orElse(otherwise);
  }
}
