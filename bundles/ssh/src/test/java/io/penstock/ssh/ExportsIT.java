// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.jar.Manifest;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The library behind this bundle can be replaced: nothing of it shows in what users compile to. */
class ExportsIT {
  @Test
  void nothingOfTheLibraryIsExportedOrShows() throws IOException {
    String exported;
    try (InputStream in = Files.newInputStream(Path.of("target/classes/META-INF/MANIFEST.MF"))) {
      exported = new Manifest(in).getMainAttributes().getValue("Export-Package");
    }
    assertTrue(exported.startsWith("io.penstock.ssh;"), exported);
    // What the signatures of the exported types name, besides Java's own.
    Matcher uses = Pattern.compile("uses:=\"([^\"]*)\"").matcher(exported);
    assertTrue(uses.find(), exported);
    assertEquals(
        List.of(),
        List.of(uses.group(1).split(",")).stream()
            .filter(name -> !name.startsWith("io.penstock.") && !name.startsWith("org.jspecify."))
            .toList(),
        exported);
  }
}
