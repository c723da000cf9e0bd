// SPDX-License-Identifier: Apache-2.0
package io.penstock.testing.parity;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.penstock.testing.contract.CaseReport;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/**
 * Every row of the reference systems has an API and a test, or says "later". Runs after the cases.
 */
class ParityIT {
  @Test
  void everyRowHasItsApiAndATestThatRan() throws IOException {
    Set<String> ran =
        CaseReport.read(Path.of("target/contract-cases")).ran().stream()
            .map(line -> line.substring(line.indexOf('|') + 1).strip())
            .collect(Collectors.toSet());
    List<String> problems =
        ParityCheck.problems(Files.readAllLines(Path.of("..", "..", "docs", "parity.md")), ran);
    assertEquals("", String.join("\n", problems));
  }
}
