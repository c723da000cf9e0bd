// SPDX-License-Identifier: Apache-2.0
package io.penstock.testing.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** That the comparison of skipped cases finds every difference. */
class CaseReportTest {
  @TempDir Path folder;

  private CaseReport report() throws IOException {
    Path run = folder.resolve("run");
    CaseReport.skipped(run, "tcp", "S#one", "a reason");
    CaseReport.skipped(run, "tcp", "S#one", "a reason");
    CaseReport.ran(run, "tcp", "S#two");
    CaseReport.ran(run, "-", "T#three");
    return CaseReport.read(run);
  }

  private Path file(String text) throws IOException {
    return Files.writeString(folder.resolve("skipped-cases.txt"), text);
  }

  @Test
  void recordsEachCaseOnce() throws IOException {
    assertEquals(Set.of("tcp | S#one | a reason"), report().skipped());
    assertEquals(Set.of("tcp | S#two", "- | T#three"), report().ran());
  }

  @Test
  void sameSetIsNoDifference() throws IOException {
    report().compareSkipped(file("# kind | case | reason\n\ntcp | S#one | a reason\n"));
  }

  @Test
  void caseThatIsSkippedUnseenIsFound() throws IOException {
    Path expected = file("");
    AssertionError difference =
        assertThrows(AssertionError.class, () -> report().compareSkipped(expected));
    assertTrue(difference.getMessage().contains("skipped, not listed: tcp | S#one | a reason"));
  }

  @Test
  void listedCaseThatIsNotSkippedIsFound() throws IOException {
    Path expected = file("tcp | S#one | a reason\ntcp | S#two | a reason\n");
    AssertionError difference =
        assertThrows(AssertionError.class, () -> report().compareSkipped(expected));
    assertTrue(difference.getMessage().contains("listed, not skipped: tcp | S#two | a reason"));
  }

  @Test
  void anotherReasonIsADifference() throws IOException {
    Path expected = file("tcp | S#one | another reason\n");
    assertThrows(AssertionError.class, () -> report().compareSkipped(expected));
  }

  @Test
  void whatAnotherJvmHasWrittenCounts() throws IOException {
    Path run = Files.createDirectories(folder.resolve("run"));
    Files.writeString(run.resolve("tcp@1.txt"), "ran tcp | S#beside\n");
    assertEquals(Set.of("tcp | S#two", "tcp | S#beside", "- | T#three"), report().ran());
  }

  @Test
  void aRunThatLeftNoRecordFails() {
    assertThrows(IOException.class, () -> CaseReport.read(folder.resolve("nothing")));
  }

  @Test
  void whatIsNoRecordIsRefused() throws IOException {
    Path run = Files.createDirectories(folder.resolve("run"));
    Files.writeString(run.resolve("tcp.txt"), "nonsense\n");
    assertThrows(IOException.class, () -> CaseReport.read(run));
  }
}
