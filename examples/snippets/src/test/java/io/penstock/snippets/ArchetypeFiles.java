// SPDX-License-Identifier: Apache-2.0
package io.penstock.snippets;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The files of the project that the tutorial makes, as the archetype makes them. */
final class ArchetypeFiles {
  private static final Path RESOURCES =
      Path.of("archetype", "src", "main", "resources", "archetype-resources");
  private static final Pattern VERSION = Pattern.compile("<version>(.*)</version>");

  private ArchetypeFiles() {}

  /** Their lines, by their paths in the project. */
  static Map<String, List<String>> of(Path root) throws IOException {
    Map<String, String> values =
        Map.of(
            "${package}", "com.example.shout",
            "${groupId}", "com.example",
            "${artifactId}", "shout",
            "${version}", "1.0.0",
            "${penstockVersion}", version(root.resolve("archetype").resolve("pom.xml")));
    Map<String, List<String>> found = new TreeMap<>();
    Path folder = root.resolve(RESOURCES);
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        String name = folder.relativize(file).toString();
        // It says what the tutorial says.
        if (!name.equals("README.md")) {
          String text = Files.readString(file);
          for (Map.Entry<String, String> value : values.entrySet()) {
            text = text.replace(value.getKey(), value.getValue());
          }
          found.put(name.replace("/java/", "/java/com/example/shout/"), text.lines().toList());
        }
      }
    }
    return found;
  }

  /** That of the parent, which is the first. */
  private static String version(Path pom) throws IOException {
    Matcher matcher = VERSION.matcher(Files.readString(pom));
    if (!matcher.find()) {
      throw new IllegalStateException(pom + " has no version");
    }
    return matcher.group(1);
  }
}
