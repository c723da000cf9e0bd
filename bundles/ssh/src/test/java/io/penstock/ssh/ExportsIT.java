// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.jar.Manifest;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The library behind this bundle can be replaced: nothing of it shows in what users compile to. */
class ExportsIT {
  @Test
  void nothingOfTheLibraryIsExportedOrShows() throws IOException {
    String exported;
    try (InputStream in = Files.newInputStream(Path.of("target/classes/META-INF/MANIFEST.MF"))) {
      exported = new Manifest(in).getMainAttributes().getValue("Export-Package");
    }
    assertEquals(
        List.of("io.penstock.ssh", "io.penstock.ssh.provider"),
        all("(?:^|,)(io\\.penstock\\.[a-z.]+);", exported.replaceAll("\"[^\"]*\"", "")),
        exported);
    // What the signatures of the exported types name, besides Java's own.
    List<String> uses = all("uses:=\"([^\"]*)\"", exported);
    assertEquals(2, uses.size(), exported);
    assertEquals(
        List.of(),
        uses.stream()
            .flatMap(names -> Stream.of(names.split(",")))
            .filter(name -> !name.startsWith("io.penstock.") && !name.startsWith("org.jspecify."))
            .toList(),
        exported);
  }

  private static List<String> all(String pattern, String text) {
    return Pattern.compile(pattern).matcher(text).results().map(one -> one.group(1)).toList();
  }
}
