// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats;

import io.penstock.testing.contract.CaseReport;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** No case is skipped unseen. Runs after the cases. */
class SkippedCasesIT {
  @Test
  void skippedCasesAreThoseOfTheFile() throws IOException {
    CaseReport.read(Path.of("target/contract-cases")).compareSkipped(Path.of("skipped-cases.txt"));
  }
}
