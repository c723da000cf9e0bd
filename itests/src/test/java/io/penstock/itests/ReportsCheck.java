// SPDX-License-Identifier: Apache-2.0
package io.penstock.itests;

import static java.util.stream.Collectors.joining;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

/**
 * Runs after the container tests and reads their reports: which tests were skipped, and that those
 * for Karaf ran where they can. The build compares with the checked-in {@code karaf-tests.txt}, one
 * class a line.
 */
class ReportsCheck {

  private static final boolean KARAF_RUNS_HERE = Runtime.version().feature() == 17;

  /**
   * {@code .ci/run} builds on two JDKs side by side, and says here what only the other one tries.
   */
  private static final boolean SOME_RUN_ELSEWHERE = System.getenv("PENSTOCK_ELSEWHERE") != null;

  private static final List<TestCase> TESTS = new ArrayList<>();

  private record TestCase(String className, String name, String skipped) {

    /** The top-level class: nested ones boot no container of their own. */
    String topLevel() {
      return className.split("\\$")[0];
    }

    boolean runsElsewhere() {
      return SOME_RUN_ELSEWHERE
          && skipped != null
          && skipped.contains("tried in the build beside this one");
    }
  }

  @BeforeAll
  static void readReports() throws Exception {
    Path reports = Path.of(System.getProperty("penstock.itests.reports"));
    List<Path> files;
    try (Stream<Path> all = Files.list(reports)) {
      files = all.filter(file -> file.getFileName().toString().matches("TEST-.*\\.xml")).toList();
    }
    for (Path file : files) {
      NodeList cases =
          DocumentBuilderFactory.newInstance()
              .newDocumentBuilder()
              .parse(file.toFile())
              .getElementsByTagName("testcase");
      for (int i = 0; i < cases.getLength(); i++) {
        Element test = (Element) cases.item(i);
        NodeList skipped = test.getElementsByTagName("skipped");
        TESTS.add(
            new TestCase(
                test.getAttribute("classname"),
                test.getAttribute("name"),
                skipped.getLength() == 0
                    ? null
                    : ((Element) skipped.item(0)).getAttribute("message")));
      }
    }
  }

  @Test
  void exactlyTheKarafTestsAreSkippedAndOnlyWhereKarafDoesNotRun() throws IOException {
    Set<String> expected = new TreeSet<>();
    if (!KARAF_RUNS_HERE) {
      for (String karafTest : karafTests()) {
        expected.add(
            karafTest
                + " [karaf] KarafRunsOnJava17: Karaf 4.4 is tested on Java 17, this is Java "
                + Runtime.version().feature());
      }
    }

    List<String> skipped =
        TESTS.stream()
            .filter(test -> test.skipped() != null && !test.runsElsewhere())
            .map(test -> test.className() + " " + test.name() + " " + test.skipped())
            .sorted()
            .toList();

    assertEquals(lines(expected), lines(skipped));
    assertEquals(KARAF_RUNS_HERE ? 0 : karafTests().size(), skipped.size());
  }

  @Test
  void everyKarafTestRanWhereKarafRuns() throws IOException {
    assertEquals(
        lines(KARAF_RUNS_HERE ? karafTests() : Set.of()), lines(classesThatRanIn("karaf")));
  }

  @Test
  void whatRunsInFelixRunsInEquinoxToo() {
    Set<String> felix = classesThatRanIn("felix");
    // That a storm finds what is planted says one container as well as two.
    felix.remove("io.penstock.itests.storm.StormPlantsIT");

    assertFalse(felix.isEmpty(), "nothing ran in Felix");
    assertEquals(lines(felix), lines(classesThatRanIn("equinox")));
  }

  private static Set<String> classesThatRanIn(String container) {
    return TESTS.stream()
        .filter(test -> test.skipped() == null && test.name().endsWith("[" + container + "]"))
        .map(TestCase::topLevel)
        .collect(Collectors.toCollection(TreeSet::new));
  }

  private static Set<String> karafTests() throws IOException {
    try (InputStream in = ReportsCheck.class.getResourceAsStream("/karaf-tests.txt")) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8)
          .lines()
          .filter(line -> !line.isBlank() && !line.startsWith("#"))
          .collect(Collectors.toCollection(TreeSet::new));
    }
  }

  private static String lines(Collection<String> texts) {
    return texts.stream().collect(joining("\n"));
  }
}
