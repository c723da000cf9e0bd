// SPDX-License-Identifier: Apache-2.0
package io.penstock.operator;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.penstock.stream.Units;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AmountsTest {
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
    assertEquals(text, Units.text(bytes));
  }

  @ParameterizedTest
  @CsvSource({
    "-5, 0 ms",
    "999, 999 ms",
    "1000, 1 s",
    "119999, 119 s",
    "120000, 2 min",
    "7200000, 2 h",
    "172800000, 2 d"
  })
  void spansHaveTheLargestUnitThatSaysEnough(long millis, String text) {
    assertEquals(text, Amounts.span(millis));
  }

  @ParameterizedTest
  @CsvSource({"-1, -", "0, 0/s", "2.54, 2.5/s", "1000.4, 1000/s"})
  void ratesMayBeUnknown(double perSecond, String text) {
    assertEquals(text, Amounts.often(perSecond));
  }
}
