// SPDX-License-Identifier: Apache-2.0
package io.penstock.stream;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.penstock.fuzz.Fuzz;
import java.time.Duration;

/** Sizes and durations: refused in words, or zero or more and fit to wait for. */
class UnitsFuzzTest {
  @FuzzTest
  void input(byte[] data) {
    fuzzerTestOneInput(data);
  }

  /** What the fuzzer calls. */
  public static void fuzzerTestOneInput(byte[] data) {
    String text = Fuzz.text(data);
    try {
      long bytes = Units.bytes(text);
      Fuzz.holds(bytes >= 0, "a size below zero");
      Fuzz.same(bytes, Units.bytes(bytes + "B"), "read back");
    } catch (IllegalArgumentException e) {
      Fuzz.refused(e);
    }
    try {
      Duration duration = Units.duration(text);
      Fuzz.holds(!duration.isNegative(), "a duration below zero");
      Fuzz.same(duration, Units.duration(duration.toString()), "read back");
      Fuzz.holds(Wait.upTo(duration).nanos() >= 0, "a limit below zero");
    } catch (IllegalArgumentException e) {
      Fuzz.refused(e);
    }
  }
}
