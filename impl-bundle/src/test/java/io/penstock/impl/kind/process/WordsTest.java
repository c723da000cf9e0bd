// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.process;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WordsTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "tr a-z A-Z",
        "  a \t b  ",
        "a 'b c' d",
        "a'b c'd",
        "a '' b",
        "a \"\" b",
        "a \"b c\" d",
        "a \"it's\" 'say \"x\"'",
        "a \\  b",
        "a\\ b c",
        "a \\'b",
        "a \"x\\\"y\" z",
        "a \"x\\\\y\"",
        "a \"x\\ny\"",
        "a 'x\\y'",
        "a \"\\$HOME \\`id\\`\"",
        "a 'line\none'",
        "a \"x\\\ny\"",
        "a x\\\ny",
        "grüße \"ä ö\""
      })
  void splitsAsTheShellDoes(String command) throws IOException, InterruptedException {
    Process shell = new ProcessBuilder("/bin/sh", "-c", "printf '%s\\0' " + command).start();
    String output = new String(shell.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, shell.waitFor());
    List<String> expected = new ArrayList<>(List.of(output.split("\0", -1)));
    expected.remove(expected.size() - 1);
    assertEquals(expected, Words.split(command));
  }

  @Test
  void expandsNothing() {
    assertEquals(
        List.of("echo", "$HOME", "*", "a|b", ">", "x;", "#", "~"),
        Words.split("echo $HOME * a|b > x; # ~"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"a 'b", "a \"b", "a \"b\\\"", "a 'b\" c"})
  void namesAQuoteThatIsNotClosed(String command) {
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> Words.split(command));
    assertTrue(e.getMessage().contains("column 3"), e.getMessage());
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "  ", "''", "a \\"})
  void refusesWhatIsNoCommand(String command) {
    assertThrows(IllegalArgumentException.class, () -> Words.split(command));
  }
}
