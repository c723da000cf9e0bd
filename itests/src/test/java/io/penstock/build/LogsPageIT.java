// SPDX-License-Identifier: Apache-2.0
package io.penstock.build;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.build.LogLinesOfSources.Line;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The page of the log has each message of the sources, and no other. */
class LogsPageIT {
  private static final Path PAGE = Path.of("../docs/logs.md");
  private static final Pattern HEADING = Pattern.compile("#{2,3} `io\\.penstock\\.([a-z.]+)`");
  private static final Pattern ROW =
      Pattern.compile("\\| ([A-Z]+|" + LogLinesOfSources.HOLE + ") \\| `([^`]*)` \\|(.*)");
  private static final Pattern EXPLAINED = Pattern.compile(" [^|]+ \\| [^|]+ \\|");

  @TempDir Path planted;

  private static List<Path> sources() throws IOException {
    List<Path> modules =
        new ArrayList<>(List.of(Path.of("../api-bundle"), Path.of("../impl-bundle")));
    try (DirectoryStream<Path> bundles = Files.newDirectoryStream(Path.of("../bundles"))) {
      bundles.forEach(modules::add);
    }
    return modules.stream()
        .map(module -> module.resolve("src/main/java"))
        .filter(Files::isDirectory)
        .toList();
  }

  private static SortedSet<Line> onPage(List<String> page) {
    SortedSet<Line> rows = new TreeSet<>();
    String logger = "";
    for (String text : page) {
      Matcher heading = HEADING.matcher(text);
      Matcher row = ROW.matcher(text);
      if (heading.matches()) {
        logger = heading.group(1);
      } else if (row.matches()) {
        String level = row.group(1);
        assertTrue(
            List.of("DEBUG", "TRACE").contains(level) || EXPLAINED.matcher(row.group(3)).matches(),
            "neither meaning nor cure: " + text);
        assertTrue(rows.add(new Line(logger, level, row.group(2))), "twice: " + text);
      }
    }
    return rows;
  }

  /** What is on one side only, as rows of the page. */
  private static String differences(SortedSet<Line> sources, SortedSet<Line> page) {
    return rows("not on the page", sources, page) + rows("in no source", page, sources);
  }

  private static String rows(String what, SortedSet<Line> these, SortedSet<Line> others) {
    return these.stream()
        .filter(line -> !others.contains(line))
        .map(
            line ->
                what
                    + ": io.penstock."
                    + line.logger()
                    + " | "
                    + line.level()
                    + " | `"
                    + line.text()
                    + "` |\n")
        .collect(Collectors.joining());
  }

  @Test
  void pageHasEachMessageAndNoOther() throws Exception {
    assertEquals(
        "", differences(LogLinesOfSources.in(sources()), onPage(Files.readAllLines(PAGE))));
  }

  @Test
  void messageThatIsMissingOnEitherSideIsFound() throws Exception {
    Files.writeString(
        planted.resolve("Planted.java"),
        """
        class Planted {
          private static final System.Logger LOG = Messages.log("planted");

          void run(boolean late, String name, Exception e) {
            LOG.log(Level.WARNING, name + ": it''s " + (late ? "late" : "gone"), e);
            LOG.log(System.Logger.Level.INFO, "{0}: it''s {1}", name, name);
            String line = name + " was " + "planted";
            LOG.log(late ? Level.DEBUG : Level.ERROR, line);
            LOG.log(Level.WARNING, e.getMessage());
          }
        }
        """);
    List<String> page =
        List.of(
            "## `io.penstock.planted`",
            "| INFO | `…: it's …` | a meaning | a cure |",
            "| WARNING | `nobody says so` | a meaning | a cure |");
    assertEquals(
        """
        not on the page: io.penstock.planted | DEBUG | `… was planted` |
        not on the page: io.penstock.planted | ERROR | `… was planted` |
        not on the page: io.penstock.planted | WARNING | `…: it''s gone` |
        not on the page: io.penstock.planted | WARNING | `…: it''s late` |
        in no source: io.penstock.planted | WARNING | `nobody says so` |
        """,
        differences(LogLinesOfSources.in(List.of(planted)), onPage(page)));
  }
}
