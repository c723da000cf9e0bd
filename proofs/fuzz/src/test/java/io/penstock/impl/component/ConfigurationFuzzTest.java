// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.component;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.penstock.fuzz.Fuzz;
import io.penstock.impl.component.config.ChannelSettings;
import io.penstock.impl.component.config.PipeSettings;
import io.penstock.impl.component.config.RelaySettings;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;

/**
 * Configurations of every factory, a line {@code KEY=VALUE} each; {@code KEY#=VALUE} is a number,
 * {@code KEY*=A,B} a list. Refused with the PID, or usable.
 */
class ConfigurationFuzzTest {
  private static final String PID = "io.penstock.Kind~name";

  @FuzzTest
  void input(byte[] data) {
    fuzzerTestOneInput(data);
  }

  /** What the fuzzer calls. */
  public static void fuzzerTestOneInput(byte[] data) {
    Map<String, Object> properties = new TreeMap<>();
    for (String line : Fuzz.lines(data)) {
      int equals = line.indexOf('=');
      if (equals > 0) {
        put(properties, line.substring(0, equals), line.substring(equals + 1));
      }
    }
    properties.put("service.pid", PID);
    tries(() -> PipeSettings.of(properties).options());
    tries(() -> ChannelSettings.channel(properties).merged());
    tries(() -> ChannelSettings.listener(properties).merged());
    tries(() -> RelaySettings.of(properties).options());
  }

  private static void put(Map<String, Object> properties, String key, String value) {
    if (key.endsWith("#")) {
      try {
        properties.put(key.substring(0, key.length() - 1), Double.valueOf(value));
      } catch (NumberFormatException e) {
        properties.put(key, value);
      }
    } else if (key.endsWith("*")) {
      properties.put(key.substring(0, key.length() - 1), List.of(value.split(",", -1)));
    } else {
      properties.put(key, value);
    }
  }

  private static void tries(Supplier<Object> reader) {
    try {
      Fuzz.holds(!reader.get().toString().isEmpty(), "options are shown");
    } catch (IllegalArgumentException e) {
      Fuzz.refused(e);
      Fuzz.holds(e.getMessage().startsWith(PID), "no PID in: " + e.getMessage());
    }
  }
}
