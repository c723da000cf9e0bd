// SPDX-License-Identifier: Apache-2.0
package io.penstock.build;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Element;

/**
 * The tables of {@code docs/configuration.md} are what the bundles tell Metatype: each key, its
 * default, and its meaning and range.
 */
class ConfigurationPageIT {
  private static final Path PAGE = Path.of("..", "docs", "configuration.md");
  private static final String REGENERATE =
      "mvn verify -Dtest=none -Dit.test=ConfigurationPageIT"
          + " -Dsurefire.failIfNoSpecifiedTests=false -Dfailsafe.failIfNoSpecifiedTests=false"
          + " -Dconfiguration.page.write=true";

  /** A heading such as {@code **`io.penstock.Pipe~NAME`**}. */
  private static final Pattern HEADING = Pattern.compile("\\*\\*`([A-Za-z.]+)(~NAME)?`\\*\\*.*");

  private static final Pattern DEFAULT = Pattern.compile(" Default: (.*?)\\.(?= |$)");

  private record Key(String id, String value, String meaning) {
    String row() {
      return "| `" + id + "` | " + value + " | " + meaning + " |";
    }
  }

  @Test
  void tablesAreWhatMetatypeIsTold() throws Exception {
    Map<String, List<Key>> described = described();
    List<String> page = Files.readAllLines(PAGE);
    List<String> expected = new ArrayList<>();
    Set<Key> told = new HashSet<>();
    List<String> table = List.of();
    boolean generated = false;
    for (String line : page) {
      Matcher heading = HEADING.matcher(line);
      if (heading.matches()) {
        List<Key> keys = described.remove(heading.group(1));
        assertFalse(keys == null, () -> "no configuration has the heading " + line);
        table = table(keys, told);
        generated = true;
      }
      if (!generated || !line.startsWith("|")) {
        expected.add(line);
      } else if (!table.isEmpty()) {
        expected.addAll(table);
        table = List.of();
      }
      generated &= line.isEmpty() || line.startsWith("|") || heading.matches();
    }
    if (Boolean.getBoolean("configuration.page.write")) {
      Files.write(PAGE, expected);
      page = expected;
    }
    assertEquals(Set.of(), described.keySet(), "configurations without a heading");
    assertEquals(
        String.join("\n", expected),
        String.join("\n", page),
        "if that is meant, regenerate: " + REGENERATE);
  }

  /** A key that an earlier table has in the same words is only named. */
  private static List<String> table(List<Key> keys, Set<Key> told) {
    List<String> rows = new ArrayList<>(List.of("| key | default | meaning |", "|---|---|---|"));
    List<String> again = new ArrayList<>();
    for (Key key : keys) {
      if (told.add(key)) {
        rows.add(key.row());
      } else {
        again.add("`" + key.id() + "`");
      }
    }
    if (!again.isEmpty()) {
      rows.add("| " + String.join(", ", again) + " | as above | as above |");
    }
    return rows;
  }

  /** The keys of each PID, as the description of the bundle has them. */
  private static Map<String, List<Key>> described() throws Exception {
    Map<String, List<Key>> described = new TreeMap<>();
    for (Element root : Metatype.ofAllBundles()) {
      described.put(
          Metatype.pid(root),
          Metatype.elements(root, "AD").stream().map(ConfigurationPageIT::key).toList());
    }
    return described;
  }

  private static Key key(Element attribute) {
    String id = attribute.getAttribute("id");
    String description = attribute.getAttribute("description");
    String value = attribute.getAttribute("default");
    Matcher said = DEFAULT.matcher(description);
    boolean says = said.find();
    boolean required = !attribute.hasAttribute("default");
    assertEquals(
        !required && value.isEmpty(), says, id + " has its default once, in words or as a value");
    String told =
        required ? "required" : says ? said.group(1) : "`" + value.replace("\\,", ",") + "`";
    return new Key(id, told, says ? said.replaceFirst("") : description);
  }
}
