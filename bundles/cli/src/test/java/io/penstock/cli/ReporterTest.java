// SPDX-License-Identifier: Apache-2.0
package io.penstock.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ReporterTest {
  @ParameterizedTest
  @CsvSource({
    "0, 0 B",
    "1023, 1023 B",
    "1024, 1.0 KiB",
    "1536, 1.5 KiB",
    "1073741824, 1.0 GiB",
    "9223372036854775807, 8.0 EiB"
  })
  void sizesAreWrittenForPeople(long bytes, String text) {
    assertEquals(text, Reporter.size(bytes));
  }

  @Test
  void aFailureWithoutAMessageIsNamedByItsType() {
    assertEquals("IOException", Reporter.describe(new IOException()));
    assertEquals("why", Reporter.describe(new IOException("why")));
  }
}
