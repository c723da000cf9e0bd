// SPDX-License-Identifier: Apache-2.0
package io.penstock.testing.parity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.testing.contract.Case;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Disabled;
import org.junit.jupiter.api.Test;

/** That the check of the parity table finds each kind of fault. */
class ParityCheckTest {
  private static final String API = "`io.penstock.stream.ByteSource#read`";
  private static final String TEST =
      "io.penstock.testing.contract.ContractSuite#readsMergeWhatWasWrittenSeparately";
  private static final String PLANTED = Planted.class.getName().replace('$', '.');

  /** Not run: its names stand for tests that are there and must not count. */
  private static final class Planted {
    private Planted() {}

    @Case
    @Disabled("planted")
    void disabled() {}

    @Case
    void neverRun() {}

    void noCase() {}
  }

  private static List<String> table() {
    List<String> lines =
        new ArrayList<>(List.of("# Parity", "", "| id | API | test |", "|---|---|---|"));
    for (String id : ParityCheck.expectedIds()) {
      lines.add("| " + id + " | later | later |");
    }
    return lines;
  }

  private static List<String> withFirstRow(String row) {
    List<String> lines = table();
    lines.set(4, row);
    return ParityCheck.problems(lines, Set.of(TEST, Planted.class.getName() + "#disabled"));
  }

  private static void assertFound(String expected, List<String> problems) {
    assertEquals(1, problems.size(), problems::toString);
    assertTrue(problems.get(0).contains(expected), problems::toString);
  }

  @Test
  void everythingLaterOrDoneIsFine() {
    assertEquals(191, ParityCheck.expectedIds().size());
    assertEquals(List.of(), ParityCheck.problems(table(), Set.of()));
    assertEquals(
        List.of(),
        withFirstRow("| BP-01 | " + API + ", `io.penstock.pipe.Pipe` | `" + TEST + "` |"));
    assertEquals(
        List.of(),
        withFirstRow("| BP-01 | `io.penstock.poller.PollEvent.Data` | `" + TEST + "` |"));
  }

  @Test
  void missingIdIsFound() {
    List<String> lines = table();
    lines.remove(4);
    assertFound("BP-01: is missing", ParityCheck.problems(lines, Set.of()));
  }

  @Test
  void idThatIsThereTwiceOrUnknownIsFound() {
    List<String> lines = table();
    lines.add("| BP-01 | later | later |");
    assertFound("BP-01: is there twice", ParityCheck.problems(lines, Set.of()));
    lines = table();
    lines.add("| BP-21 | later | later |");
    assertFound("BP-21: is no row", ParityCheck.problems(lines, Set.of()));
  }

  @Test
  void absentApiIsFound() {
    assertFound(
        "no class for the API",
        withFirstRow("| BP-01 | `io.penstock.stream.NoSuch` | `" + TEST + "` |"));
    assertFound(
        "no public method for the API",
        withFirstRow("| BP-01 | `io.penstock.stream.ByteSource#noSuch` | `" + TEST + "` |"));
  }

  @Test
  void absentTestIsFound() {
    assertFound(
        "there is no test",
        withFirstRow(
            "| BP-01 | " + API + " | `io.penstock.testing.contract.ContractSuite#noSuch` |"));
    assertFound(
        "there is no test",
        withFirstRow("| BP-01 | " + API + " | `io.penstock.testing.NoSuch#case` |"));
    assertFound(
        "there is no test",
        withFirstRow("| BP-01 | " + API + " | `io.penstock.testing.contract.Case` |"));
  }

  @Test
  void disabledTestIsFound() {
    assertFound(
        "is disabled", withFirstRow("| BP-01 | " + API + " | `" + PLANTED + "#disabled` |"));
  }

  @Test
  void testThatIsNoCaseOrSkippedForEveryKindIsFound() {
    assertFound(
        "is not a case", withFirstRow("| BP-01 | " + API + " | `" + PLANTED + "#noCase` |"));
    assertFound(
        "did not run, or is skipped",
        withFirstRow("| BP-01 | " + API + " | `" + PLANTED + "#neverRun` |"));
  }

  @Test
  void halfARowIsFound() {
    assertFound("only one of", withFirstRow("| BP-01 | " + API + " | later |"));
    assertFound("no list of `names`", withFirstRow("| BP-01 | some prose | `" + TEST + "` |"));
    assertFound(
        "no list of `names`", withFirstRow("| BP-01 | " + API + " | `" + TEST + "` soon |"));
    List<String> lines = table();
    lines.set(4, "| BP-01 | later |");
    assertEquals(
        List.of("not a row of three cells: | BP-01 | later |", "BP-01: is missing"),
        ParityCheck.problems(lines, Set.of()));
  }
}
