// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.process;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.penstock.channel.Endpoint;
import io.penstock.fuzz.Fuzz;
import java.util.List;

/** Commands: what is quoted is read back as the same words, what is typed is split or refused. */
class WordsFuzzTest {
  @FuzzTest
  void input(byte[] data) {
    fuzzerTestOneInput(data);
  }

  /** What the fuzzer calls. */
  public static void fuzzerTestOneInput(byte[] data) {
    // Words are separated by the byte 1 here, because line feeds are a part of them.
    roundTrip(List.of(Fuzz.text(data).split("\u0001", -1)));
    try {
      roundTrip(Words.split(Fuzz.text(data)));
    } catch (IllegalArgumentException e) {
      Fuzz.refused(e);
    }
  }

  private static void roundTrip(List<String> words) {
    String command;
    try {
      command = Endpoint.exec(words).address();
    } catch (IllegalArgumentException e) {
      Fuzz.refused(e);
      boolean allowed =
          !words.get(0).isEmpty() && words.stream().noneMatch(each -> each.indexOf('\0') >= 0);
      Fuzz.holds(!allowed, "words are refused: " + e.getMessage());
      return;
    }
    Fuzz.same(words, Words.split(command), "read back");
    Fuzz.same(command, Endpoint.parse("exec:" + command).address(), "read back as an endpoint");
  }
}
