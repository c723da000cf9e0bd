// SPDX-License-Identifier: Apache-2.0
package io.penstock.snippets;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** All Java that a page shows is a piece of a source that the build compiles and runs. */
class SnippetsTest {
  private static final Path ROOT = Path.of("..", "..");
  private static final String REGENERATE =
      "mvn -pl examples/snippets -am test -Dtest=SnippetsTest -Dsnippets.write=true"
          + " -Dsurefire.failIfNoSpecifiedTests=false";

  @Test
  void pagesShowWhatTheBuildRuns() throws Exception {
    Map<String, List<String>> regions = Regions.below(ROOT);
    regions.putAll(ArchetypeFiles.of(ROOT));
    List<String> problems = new ArrayList<>();
    Set<String> used = new HashSet<>();
    for (Path file : pages()) {
      String name = ROOT.relativize(file).toString();
      Page page = new Page(name, Files.readAllLines(file), regions, used);
      if (Boolean.getBoolean("snippets.write")) {
        if (!page.problems().isEmpty()) {
          Files.write(file, page.written());
        }
        page = new Page(name, Files.readAllLines(file), regions, used);
      }
      problems.addAll(page.problems());
    }
    for (String unused : new TreeSet<>(regions.keySet())) {
      if (!used.contains(unused)) {
        problems.add("no page shows the region " + unused);
      }
    }
    assertEquals(
        "",
        String.join("\n", problems),
        "change the source, and then write the pages: " + REGENERATE);
  }

  private static List<Path> pages() throws Exception {
    List<Path> pages = new ArrayList<>(List.of(ROOT.resolve("README.md")));
    try (Stream<Path> all = Files.walk(ROOT.resolve("docs"))) {
      all.filter(file -> file.toString().endsWith(".md")).sorted().forEach(pages::add);
    }
    return pages;
  }

  @Test
  void blockThatIsNotItsSourceIsNamedAndWritten() {
    List<String> page =
        List.of("Text.", "", "<!-- snippet: a.b -->", "```java", "int a = 2;", "```", "More.");
    Page read = read(page);
    assertEquals(List.of("page.md:4: not what the region a.b is"), read.problems());
    List<String> right = new ArrayList<>(page);
    right.set(4, "int a = 1;");
    assertEquals(right, read.written());
    assertEquals(List.of(), read(right).problems());
  }

  @Test
  void javaThatNothingCompilesIsNamed() {
    assertEquals(
        List.of("page.md:2: Java that nothing compiles: it has no line <!-- snippet: NAME -->"),
        read(List.of("", "```java", "int a = 1;", "```")).problems());
    assertEquals(
        List.of("page.md:2: no source has the region c"),
        read(List.of("<!-- snippet: c -->", "```java", "int a = 1;", "```")).problems());
    assertEquals(
        List.of("page.md:2: Java without a fence: poller.start(handler);"),
        read(List.of("", "    poller.start(handler);")).problems());
    assertEquals(
        List.of("page.md:1: Java without a fence: pipe.close(); // why"),
        read(List.of("    pipe.close(); // why")).problems());
    assertEquals(List.of(), read(List.of("    one half (.9); the other half")).problems());
    assertEquals(List.of(), read(List.of("```sh", "a;", "```", "    b;")).problems());
  }

  @Test
  void regionHasOneEndAndOneName() {
    Map<String, List<String>> found = new HashMap<>();
    Regions.of(
        "A.java", List.of("  // snippet: x", "  a {", "    b", "  // end of snippet"), found);
    assertEquals(Map.of("x", List.of("a {", "  b")), found);
    for (List<String> wrong :
        List.of(
            List.of("// snippet: y"),
            List.of("// end of snippet"),
            List.of("// snippet: y", "// snippet: z", "// end of snippet"),
            List.of("// snippet: x", "// end of snippet"))) {
      assertThrows(IllegalStateException.class, () -> Regions.of("B.java", wrong, found));
    }
  }

  private static Page read(List<String> lines) {
    Map<String, List<String>> regions = Map.of("a.b", List.of("int a = 1;"));
    return new Page("page.md", lines, regions, new HashSet<>());
  }
}
