// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import io.penstock.testing.contract.Case;
import io.penstock.testing.contract.CaseReport;
import java.io.IOException;
import java.lang.reflect.AnnotatedElement;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Disabled;
import org.junit.jupiter.api.Test;

/** What the parity list says of this bundle is there, and each case that it names ran. */
class ParityIT {
  private static final Pattern NAME = Pattern.compile("`(io\\.penstock\\.ssh\\.\\w+)#(\\w+)`");

  @Test
  void everyNameOfThisBundleIsThere() throws IOException {
    Set<String> ran =
        CaseReport.read(Path.of("target/contract-cases")).ran().stream()
            .map(line -> line.substring(line.indexOf('|') + 1).strip())
            .collect(Collectors.toSet());
    Matcher names = NAME.matcher(Files.readString(Path.of("..", "..", "docs", "parity.md")));
    Set<String> problems = new TreeSet<>();
    int found = 0;
    while (names.find()) {
      found++;
      String name = names.group(1) + "#" + names.group(2);
      AnnotatedElement method = method(names.group(1), names.group(2));
      if (method == null) {
        problems.add("there is no " + name);
      } else if (names.group(1).endsWith("Test")
          && (!method.isAnnotationPresent(Case.class)
              || method.isAnnotationPresent(Disabled.class)
              || !ran.contains(name))) {
        problems.add(name + " is no case that ran");
      }
    }
    assertEquals(Set.of(), problems);
    assertFalse(found == 0, "the list names nothing of this bundle");
  }

  private static AnnotatedElement method(String type, String name) {
    try {
      return Arrays.stream(
              Class.forName(type, false, ParityIT.class.getClassLoader()).getDeclaredMethods())
          .filter(each -> each.getName().equals(name))
          .findFirst()
          .orElse(null);
    } catch (ClassNotFoundException e) {
      return null;
    }
  }
}
