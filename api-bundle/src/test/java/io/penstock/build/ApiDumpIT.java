// SPDX-License-Identifier: Apache-2.0
package io.penstock.build;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.fail;

import aQute.bnd.header.Parameters;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.jar.Attributes;
import java.util.jar.Manifest;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** The API is what {@code docs/api.txt} says, so that a change of it is seen in review. */
class ApiDumpIT {
  private static final Path DUMP = Path.of("..", "docs", "api.txt");
  private static final String REGENERATE =
      "mvn -pl api-bundle verify -Dit.test=ApiDumpIT -Dapi.dump.write=true";

  private static final Path CLASSES = Path.of("target", "classes");

  private final ApiDump dump = new ApiDump(CLASSES, ApiDumpIT.class.getClassLoader());

  @Test
  void apiIsAsCheckedIn() throws Exception {
    List<String> lines = dump.lines();
    if (Boolean.getBoolean("api.dump.write")) {
      Files.createDirectories(DUMP.getParent());
      Files.write(DUMP, lines);
    }
    List<String> expected = Files.exists(DUMP) ? Files.readAllLines(DUMP) : List.of();
    List<String> changes = changes(expected, lines);
    if (!changes.isEmpty()) {
      fail(
          changes.stream()
              .collect(
                  Collectors.joining(
                      "\n",
                      "the API is not what docs/api.txt says (- checked in, + built):\n",
                      "\nIf that is meant, regenerate and commit it: " + REGENERATE)));
    }
  }

  @Test
  void changesNameTheBlockAndTheLines() {
    List<String> before =
        List.of("interface A", "  int a()", "  int b()", "", "interface B", "  int c()");
    List<String> after =
        List.of("interface A", "  int a()", "  int d()", "", "interface B", "  int c()");
    assertEquals(List.of("  interface A", "-   int b()", "+   int d()"), changes(before, after));
    assertEquals(List.of(), changes(before, before));
  }

  @Test
  void everyPackageOfTheApiIsExported() throws Exception {
    Manifest manifest;
    try (var in = Files.newInputStream(CLASSES.resolve("META-INF/MANIFEST.MF"))) {
      manifest = new Manifest(in);
    }
    Attributes headers = manifest.getMainAttributes();
    var exported = new TreeSet<>(new Parameters(headers.getValue("Export-Package")).keySet());
    var present =
        dump.publicTypes().stream()
            .map(Class::getPackageName)
            .collect(Collectors.toCollection(TreeSet::new));
    assertFalse(present.isEmpty());
    assertEquals(exported, present);
  }

  @Test
  void everyTypeThatCanBeExtendedSaysWhoMayDoSo() throws Exception {
    List<String> silent = new ArrayList<>();
    for (Class<?> type : dump.publicTypes()) {
      boolean open = !Modifier.isFinal(type.getModifiers()) && !type.isEnum();
      if (open && dump.roles(type).isEmpty()) {
        silent.add(type.getName());
      }
    }
    assertEquals(List.of(), silent, "types with neither @ProviderType nor @ConsumerType");
  }

  /** A minimal difference, each change below the unindented line it belongs to. */
  private static List<String> changes(List<String> before, List<String> after) {
    int[][] common = new int[before.size() + 1][after.size() + 1];
    for (int i = before.size() - 1; i >= 0; i--) {
      for (int j = after.size() - 1; j >= 0; j--) {
        common[i][j] =
            before.get(i).equals(after.get(j))
                ? common[i + 1][j + 1] + 1
                : Math.max(common[i + 1][j], common[i][j + 1]);
      }
    }
    List<String> changes = new ArrayList<>();
    String block = "";
    String shown = "";
    int i = 0;
    int j = 0;
    while (i < before.size() || j < after.size()) {
      boolean both = i < before.size() && j < after.size() && before.get(i).equals(after.get(j));
      if (both) {
        block = before.get(i).startsWith(" ") ? block : before.get(i);
        i++;
        j++;
        continue;
      }
      if (!block.equals(shown)) {
        changes.add("  " + block);
        shown = block;
      }
      boolean removed =
          j == after.size() || (i < before.size() && common[i + 1][j] >= common[i][j + 1]);
      changes.add(removed ? "- " + before.get(i++) : "+ " + after.get(j++));
    }
    return changes;
  }
}
