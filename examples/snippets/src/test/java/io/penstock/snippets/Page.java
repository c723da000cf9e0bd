// SPDX-License-Identifier: Apache-2.0
package io.penstock.snippets;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A page of the manual, and what is wrong with the Java in it. */
final class Page {
  /** Before a block that is a region of a compiled source. */
  private static final Pattern SNIPPET = Pattern.compile("<!-- snippet: (\\S+) -->");

  /** Before a block that is a whole file of the archetype's project. */
  private static final Pattern FILE = Pattern.compile("<!-- file: (\\S+) -->");

  private static final Pattern INDENTED_JAVA =
      Pattern.compile("    \\s*(@[A-Z]\\w*.*|.*\\);\\s*(//.*)?)");

  private final String name;
  private final List<String> lines;
  private final Map<String, List<String>> regions;
  private final Set<String> used;
  private final List<String> problems = new ArrayList<>();
  private final List<String> written = new ArrayList<>();

  /**
   * Reads a page.
   *
   * @param regions the sources by name
   * @param used gets the names that the page shows
   */
  Page(String name, List<String> lines, Map<String, List<String>> regions, Set<String> used) {
    this.name = name;
    this.lines = lines;
    this.regions = regions;
    this.used = used;
    read();
  }

  /** What is wrong, a line each. */
  List<String> problems() {
    return problems;
  }

  /** The page with each block as its source is. */
  List<String> written() {
    return written;
  }

  private void read() {
    int at = 0;
    while (at < lines.size()) {
      String line = lines.get(at);
      written.add(line);
      if (line.startsWith("```")) {
        int end = at + 1;
        while (end < lines.size() && !lines.get(end).equals("```")) {
          end++;
        }
        if (line.equals("```java") || at > 0 && FILE.matcher(lines.get(at - 1)).matches()) {
          block(at, lines.subList(at + 1, end));
        } else {
          written.addAll(lines.subList(at + 1, end));
        }
        if (end < lines.size()) {
          written.add(lines.get(end));
        }
        at = end + 1;
      } else {
        if (INDENTED_JAVA.matcher(line).matches()) {
          problems.add(name + ":" + (at + 1) + ": Java without a fence: " + line.strip());
        }
        at++;
      }
    }
  }

  private void block(int at, List<String> shown) {
    String mark = at == 0 ? "" : lines.get(at - 1);
    String where = name + ":" + (at + 1) + ": ";
    String region = region(mark);
    List<String> source = regions.get(region);
    if (region.isEmpty()) {
      problems.add(where + "Java that nothing compiles: it has no line <!-- snippet: NAME -->");
    } else if (source == null) {
      problems.add(where + "no source has the region " + region);
    } else {
      used.add(region);
      if (!source.equals(shown)) {
        problems.add(where + "not what the region " + region + " is");
      }
    }
    written.addAll(source == null ? shown : source);
  }

  private static String region(String mark) {
    Matcher snippet = SNIPPET.matcher(mark);
    Matcher file = FILE.matcher(mark);
    return snippet.matches() ? snippet.group(1) : file.matches() ? file.group(1) : "";
  }
}
