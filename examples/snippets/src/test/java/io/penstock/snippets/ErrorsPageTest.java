// SPDX-License-Identifier: Apache-2.0
package io.penstock.snippets;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import io.penstock.error.AddressException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** The page on errors has each exception of the API, with its cause and its cure. */
class ErrorsPageTest {
  private static final Path DOCS = Path.of("..", "..", "docs");
  private static final Pattern EXCEPTION =
      Pattern.compile("(?m)^\\S+ public final class io\\.penstock\\.[a-z.]+\\.(\\w+Exception) ");
  private static final Pattern ROW =
      Pattern.compile("(?m)^\\| `(\\w+)` \\| ([^|]*\\S) \\| ([^|]*\\S) \\|$");

  private static Set<String> first(Pattern pattern, String text) {
    return pattern
        .matcher(text)
        .results()
        .map((MatchResult result) -> result.group(1))
        .collect(Collectors.toCollection(TreeSet::new));
  }

  @Test
  void eachExceptionAndEachKindHasARow() throws Exception {
    String page = Files.readString(DOCS.resolve("errors.md"));
    Set<String> expected = first(EXCEPTION, Files.readString(DOCS.resolve("api.txt")));
    assertFalse(expected.isEmpty());
    Arrays.stream(AddressException.Kind.values()).map(Enum::name).forEach(expected::add);

    assertEquals(expected, first(ROW, page));
  }
}
