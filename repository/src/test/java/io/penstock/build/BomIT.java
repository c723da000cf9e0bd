// SPDX-License-Identifier: Apache-2.0
package io.penstock.build;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The BOM has every bundle, in the version of this build. */
class BomIT {
  private static final Path TREE = Path.of("..");
  private static final Pattern MANAGED =
      Pattern.compile("<dependency>.*?<artifactId>([^<]*)</artifactId>", Pattern.DOTALL);
  private static final Pattern PARENT = Pattern.compile("<parent>.*?</parent>", Pattern.DOTALL);
  private static final Pattern ARTIFACT = Pattern.compile("<artifactId>([^<]*)</artifactId>");
  private static final Pattern VERSION = Pattern.compile("<version>([^<$]*)</version>");

  private static String first(Pattern pattern, String text) {
    return pattern.matcher(text).results().findFirst().orElseThrow().group(1);
  }

  private static String pom(Path module) throws Exception {
    return Files.readString(TREE.resolve(module).resolve("pom.xml"));
  }

  @Test
  void everyBundleIsInIt() throws Exception {
    String bom = pom(Path.of("bom"));
    SortedSet<String> managed =
        MANAGED
            .matcher(bom)
            .results()
            .map(each -> each.group(1))
            .collect(Collectors.toCollection(TreeSet::new));
    List<Path> modules = new ArrayList<>(List.of(Path.of("api-bundle"), Path.of("impl-bundle")));
    try (Stream<Path> bundles = Files.list(TREE.resolve("bundles"))) {
      bundles
          .filter(bundle -> Files.exists(bundle.resolve("pom.xml")))
          .map(TREE::relativize)
          .forEach(modules::add);
    }
    SortedSet<String> built = new TreeSet<>();
    for (Path module : modules) {
      built.add(first(ARTIFACT, PARENT.matcher(pom(module)).replaceFirst("")));
    }
    assertTrue(built.contains("io.penstock.tls"), built::toString);
    assertEquals(built, managed);
    assertEquals(first(VERSION, pom(Path.of(""))), first(VERSION, bom));
  }
}
