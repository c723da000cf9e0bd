// SPDX-License-Identifier: Apache-2.0
package io.penstock.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import org.junit.jupiter.api.Test;

class ReporterTest {
  @Test
  void aFailureWithoutAMessageIsNamedByItsType() {
    assertEquals("IOException", Reporter.describe(new IOException()));
    assertEquals("why", Reporter.describe(new IOException("why")));
  }
}
