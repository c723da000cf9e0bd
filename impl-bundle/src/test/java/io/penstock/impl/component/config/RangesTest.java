// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.component.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.stream.Units;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

/**
 * The range and the choices that Metatype is told of a key are those that the reader of its values
 * has: the last value within is taken, the first one beyond is refused.
 */
class RangesTest {
  private static final Pattern LEAST =
      Pattern.compile("; (\\d+) ?(bytes?|KiB) (or more|to (?<most>\\d) ?GiB)");

  /** Of durable pipes: what keeps the bytes checks their ranges, and has a test of its own. */
  private static final Set<String> OF_PLACES =
      Set.of("keep", "block", "window", "commit", "sync", "ackTimeout", "onEnd", "takeover");

  /** A kind of configuration, with values without which none of it is read. */
  enum Kind {
    PIPE(PipeKeys.class, PipeSettings::of, Map.of()),
    CHANNEL(ChannelKeys.class, ChannelSettings::channel, Map.of("endpoint", "echo:")),
    LISTENER(ListenerKeys.class, ChannelSettings::listener, Map.of("endpoint", "mem-listen:l")),
    RELAY(RelayKeys.class, RelaySettings::of, Map.of("from", "mem-listen:l", "to", "echo:")),
    POLLER(PollerKeys.class, PollerSettings::of, Map.of("framing", "lines")),
    MEMORY(MemoryKeys.class, MemorySettings::of, Map.of());

    private final Class<?> keys;
    private final Consumer<Map<String, ?>> reader;
    private final Map<String, String> needed;

    Kind(Class<?> keys, Consumer<Map<String, ?>> reader, Map<String, String> needed) {
      this.keys = keys;
      this.reader = reader;
      this.needed = needed;
    }

    private boolean takes(String key, String value) {
      Map<String, String> values = new HashMap<>(needed);
      values.put("service.pid", "io.penstock.Test~t");
      values.put(key, value);
      try {
        reader.accept(values);
        return true;
      } catch (IllegalArgumentException refused) {
        assertTrue(refused.getMessage().contains(key), () -> key + " in " + refused.getMessage());
        return false;
      }
    }
  }

  /** Values of a key, and whether its description allows them. */
  private static Map<String, Boolean> values(Element key) {
    String said = key.getAttribute("description");
    Map<String, Boolean> values = new TreeMap<>();
    NodeList options = key.getElementsByTagName("Option");
    for (int i = 0; i < options.getLength(); i++) {
      values.put(((Element) options.item(i)).getAttribute("value"), true);
      values.put("none of them", false);
    }
    if (key.getAttribute("type").equals("Boolean")) {
      values.putAll(Map.of("true", true, "false", true, "perhaps", false));
    } else if (key.hasAttribute("min")) {
      long least = Long.parseLong(key.getAttribute("min"));
      long most = Long.parseLong(key.getAttribute("max"));
      values.putAll(Map.of("" + least, true, "" + (least - 1), false));
      values.putAll(Map.of("" + most, true, "" + (most + 1), false));
    }
    Matcher size = LEAST.matcher(said);
    if (size.find()) {
      long least = Units.bytes(size.group(1) + (size.group(2).equals("KiB") ? "KiB" : ""));
      values.put("" + least, true);
      values.put("" + (least - 1), least == 1 && said.contains("or 0 for no limit"));
      if (size.group("most") != null) {
        long most = Long.parseLong(size.group("most")) << 30;
        values.putAll(Map.of("" + (most - 1), true, "" + (most + 1), false));
      }
      values.put("'unbounded'", said.contains("'unbounded'"));
    }
    if (said.contains("less than 2GiB")) {
      values.putAll(Map.of("2147483647", true, "2GiB", false));
    }
    if (said.contains("; 0ms or more.")) {
      values.putAll(Map.of("0ms", true, "1h", true, "PT1M", true, "-1ms", false, "5", false));
    } else if (said.contains("; more than 0ms.")) {
      values.putAll(Map.of("1ms", true, "0ms", false, "PT0S", false));
    } else if (said.contains("; reconnectMin or more.")) {
      values.putAll(Map.of("100ms", true, "99ms", false));
    } else if (said.contains("from 0ms")) {
      values.putAll(Map.of("0ms", true, "0.05ms", true, "auto", true, "0.06ms", false));
    } else if (said.contains("SCHEME")) {
      values.putAll(Map.of("no endpoint at all", false));
    }
    return values;
  }

  @ParameterizedTest
  @EnumSource
  void whatIsToldIsWhatIsTaken(Kind kind) throws Exception {
    NodeList keys =
        DocumentBuilderFactory.newInstance()
            .newDocumentBuilder()
            .parse(
                Path.of("target/classes/OSGI-INF/metatype", kind.keys.getName() + ".xml").toFile())
            .getElementsByTagName("AD");
    List<String> wrong = new ArrayList<>();
    int tried = 0;
    for (int i = 0; i < keys.getLength(); i++) {
      Element key = (Element) keys.item(i);
      String id = key.getAttribute("id");
      if (OF_PLACES.contains(id)) {
        continue;
      }
      for (Map.Entry<String, Boolean> each : values(key).entrySet()) {
        String value = each.getKey().replace("'unbounded'", "unbounded");
        tried++;
        if (kind.takes(id, value) != each.getValue()) {
          wrong.add(id + "=" + value + " is " + (each.getValue() ? "refused" : "taken"));
        }
      }
    }
    assertEquals(List.of(), wrong);
    assertTrue(
        tried >= kind.keys.getDeclaredMethods().length - (kind == Kind.PIPE ? OF_PLACES.size() : 0),
        "only " + tried + " values");
  }
}
