// SPDX-License-Identifier: Apache-2.0
package io.penstock.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import picocli.CommandLine.Model.CommandSpec;

/**
 * What the distribution has for shells and for {@code man} is what the command line takes. The
 * files are kept in the source tree, so that a build needs not run the program.
 */
class ShellFilesTest {
  private static final Path FOLDER = Path.of("..", "..", "features", "src", "main", "distribution");
  private static final String REGENERATE =
      "mvn test -pl bundles/cli -am -Dtest=ShellFilesTest"
          + " -Dsurefire.failIfNoSpecifiedTests=false -Dshell.files.write=true";

  /** Otherwise {@code ./penstock} would run what was built before a change. */
  @Test
  void theLauncherLooksAtEachBundleOfTheContainer() throws Exception {
    Path root = Path.of("..", "..");
    String launcher = Files.readString(root.resolve("penstock"));
    Matcher bundle =
        Pattern.compile("<include>io\\.penstock:io\\.penstock\\.([a-z.]+)</include>")
            .matcher(Files.readString(root.resolve("features/src/assembly/container.xml")));
    Set<String> missing = new TreeSet<>();
    int found = 0;
    while (bundle.find()) {
      String name = bundle.group(1);
      String module =
          name.equals("api") || name.equals("impl") ? name + "-bundle" : "bundles/" + name;
      for (String part : List.of("/pom.xml", "/bnd.bnd", "/src/main")) {
        if (Files.exists(root.resolve(module + part)) && !launcher.contains(module + part + " ")) {
          missing.add(module + part);
        }
      }
      assertTrue(Files.exists(root.resolve(module)), module);
      found++;
    }
    assertEquals(Set.of(), missing);
    assertTrue(found > 5, "bundles in container.xml");
  }

  @Test
  void areMadeFromTheSyntax() throws Exception {
    CommandSpec root = Syntax.commandLine().getCommandSpec();
    Map<String, String> made =
        new TreeMap<>(
            Map.of(
                "man/man1/penstock.1", ManPage.of(root),
                "completions/penstock.bash", Completions.bash(root),
                "completions/_penstock", Completions.zsh(root),
                "completions/penstock.fish", Completions.fish(root)));
    for (Map.Entry<String, String> each : made.entrySet()) {
      Path file = FOLDER.resolve(each.getKey());
      if (Boolean.getBoolean("shell.files.write")) {
        Files.createDirectories(file.getParent());
        Files.writeString(file, each.getValue());
      }
      assertEquals(each.getValue(), Files.readString(file), "regenerate: " + REGENERATE);
    }
  }
}
