// SPDX-License-Identifier: Apache-2.0
package io.penstock.build;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** The product keeps to its layers, and each rule refuses a class that does not. */
class LayersIT {
  /** For each rule a class that breaks it and no other rule. */
  private static final Map<String, String[]> BREAKERS =
      Map.of(
          "the API knows no implementation",
          new String[] {"io.penstock.stream.Bad", "io.penstock.impl.core.Fine"},
          "only components know OSGi",
          new String[] {"io.penstock.impl.core.Bad", "org.osgi.framework.Bundle"},
          "nothing knows the components",
          new String[] {"io.penstock.standalone.Bad", "io.penstock.impl.component.Fine"},
          "poller and relay know no kind",
          new String[] {"io.penstock.impl.relay.Bad", "io.penstock.impl.kind.tcp.Fine"},
          "the core knows nothing above it",
          new String[] {"io.penstock.impl.core.Bad", "io.penstock.impl.relay.Fine"},
          "a view knows an end by its contract only",
          new String[] {"io.penstock.impl.view.Bad", "io.penstock.impl.core.Fine"},
          "a kind knows the provider interface, the memory pipe and what kinds share",
          new String[] {"io.penstock.impl.kind.tcp.Bad", "io.penstock.impl.core.Fine"},
          "a kind knows no other kind",
          new String[] {"io.penstock.impl.kind.unix.Bad", "io.penstock.impl.kind.tcp.Fine"},
          "no cycles among the implementation's packages",
          new String[] {"io.penstock.impl.pipe.Bad", "io.penstock.impl.channel.UsesPipe"});

  @TempDir Path work;

  @TestFactory
  Stream<DynamicTest> productKeepsTo() {
    JavaClasses product =
        new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages("io.penstock");
    assertTrue(product.contain("io.penstock.stream.ByteSource"));
    assertTrue(product.contain("io.penstock.standalone.Penstock"));
    return new TreeMap<>(Layers.RULES)
        .entrySet().stream()
            .map(
                rule ->
                    DynamicTest.dynamicTest(rule.getKey(), () -> rule.getValue().check(product)));
  }

  @Test
  void eachRuleRefusesTheClassThatBreaksIt() throws Exception {
    assertEquals(Layers.RULES.keySet(), BREAKERS.keySet());
    Map<String, List<String>> refusals = new TreeMap<>();
    Map<String, List<String>> expected = new TreeMap<>();
    for (Map.Entry<String, String[]> breaker : BREAKERS.entrySet()) {
      JavaClasses classes = compile(breaker.getValue()[0], breaker.getValue()[1]);
      List<String> refused = new ArrayList<>();
      for (Map.Entry<String, ArchRule> rule : Layers.RULES.entrySet()) {
        if (rule.getValue().allowEmptyShould(true).evaluate(classes).hasViolation()) {
          refused.add(rule.getKey());
        }
      }
      refusals.put(breaker.getKey(), refused);
      expected.put(breaker.getKey(), List.of(breaker.getKey()));
    }
    assertEquals(expected, refusals);
  }

  /** A small world of well-behaved classes and one that uses another. */
  private JavaClasses compile(String user, String used) throws Exception {
    Map<String, String> sources = new TreeMap<>();
    for (String name : List.of("core.Fine", "relay.Fine", "component.Fine", "kind.tcp.Fine")) {
      sources.put("io.penstock.impl." + name, "");
    }
    sources.put("io.penstock.impl.pipe.Fine", "");
    sources.put("io.penstock.impl.channel.UsesPipe", "io.penstock.impl.pipe.Fine");
    sources.put(user, used);
    Path folder = Files.createTempDirectory(work, "world");
    List<String> arguments = new ArrayList<>(List.of("-proc:none", "-d", folder.toString()));
    arguments.addAll(List.of("-cp", System.getProperty("java.class.path")));
    for (Map.Entry<String, String> source : sources.entrySet()) {
      int dot = source.getKey().lastIndexOf('.');
      String name = source.getKey().substring(dot + 1);
      String field = source.getValue().isEmpty() ? "" : source.getValue() + " field;";
      Path file = folder.resolve(source.getKey().replace('.', '/') + ".java");
      Files.createDirectories(file.getParent());
      Files.writeString(
          file,
          "package %s; public class %s { %s }"
              .formatted(source.getKey().substring(0, dot), name, field));
      arguments.add(file.toString());
    }
    int status =
        ToolProvider.getSystemJavaCompiler()
            .run(null, null, null, arguments.toArray(String[]::new));
    assertEquals(0, status);
    return new ClassFileImporter().importPath(folder);
  }
}
