// SPDX-License-Identifier: Apache-2.0
package io.penstock.snippets;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The page on versions names those that the container tests use. */
class VersionsPageTest {
  private static final Path ROOT = Path.of("..", "..");

  @Test
  void containersAreThoseOfTheTests() throws Exception {
    String page = Files.readString(ROOT.resolve("docs/versions.md"));
    String pom = Files.readString(ROOT.resolve("itests/pom.xml"));
    int found = 0;
    for (String name : List.of("felix", "equinox", "karaf", "scr")) {
      Matcher version = Pattern.compile("<" + name + "\\.version>(.*?)<").matcher(pom);
      while (version.find()) {
        found++;
        assertTrue(page.contains(version.group(1)), name + " " + version.group(1));
      }
    }
    assertEquals(4, found);
  }
}
