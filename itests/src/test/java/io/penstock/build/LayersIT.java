// SPDX-License-Identifier: Apache-2.0
package io.penstock.build;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.lang.ArchRule;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.condition.DisabledIfEnvironmentVariable;
import org.junit.jupiter.api.io.TempDir;

/** All bundles keep to their layers, and each rule refuses a class that does not. */
@DisabledIfEnvironmentVariable(
    named = "PENSTOCK_ELSEWHERE",
    matches = ".*\\blayers\\b.*",
    disabledReason = "tried in the build beside this one")
class LayersIT {
  private static final Path TREE = Path.of("..");
  private static final Pattern MODULE = Pattern.compile("<module>([^<]*)</module>");

  /** These are not part of the product, and may know everything. */
  private static final Pattern OUTSIDE = Pattern.compile("(benchmarks|itests|proofs/.*)");

  private static final String ENGINE = "io.penstock.impl.engine.Fine";

  /** For each rule a class that breaks it and no other rule, and what that class knows. */
  private static final Map<String, String[]> BREAKERS =
      Map.ofEntries(
          breaker("each package has a rule", "io.penstock.stray.Bad", "java.lang.String"),
          breaker(
              "no packages know each other in a circle",
              "io.penstock.impl.kind.tcp.Bad",
              "io.penstock.impl.kind.tcp.part.UsesFine"),
          breaker("the API knows no implementation", "io.penstock.stream.Bad", ENGINE),
          ofFloor("io.penstock.impl.posix", "io.penstock.impl.engine"),
          ofFloor("io.penstock.impl.engine", "io.penstock.impl.core"),
          ofFloor("io.penstock.impl.buffer", "io.penstock.impl.core"),
          ofFloor("io.penstock.impl.core", "io.penstock.impl.pipe"),
          ofFloor("io.penstock.impl.channel", "io.penstock.impl.relay"),
          ofFloor("io.penstock.impl.pipe", "io.penstock.impl.channel"),
          ofFloor("io.penstock.impl.poller", "io.penstock.impl.kind.tcp"),
          ofFloor("io.penstock.impl.relay", "io.penstock.standalone"),
          ofFloor("io.penstock.impl.runtime", "io.penstock.impl.component"),
          ofFloor("io.penstock.impl.serve", "io.penstock.standalone"),
          ofFloor("io.penstock.impl.component", "io.penstock.standalone"),
          ofFloor("io.penstock.standalone", "io.penstock.impl.component"),
          breaker(
              "of the implementation only components know OSGi",
              "io.penstock.impl.core.Bad",
              "org.osgi.framework.Bundle"),
          breaker(
              "a relay knows no kind, pipe or poller",
              "io.penstock.impl.relay.Bad",
              "io.penstock.impl.kind.tcp.Fine"),
          breaker(
              "a view knows an end by its contract only",
              "io.penstock.impl.view.Bad",
              "io.penstock.pipe.Fine"),
          breaker(
              "a kind knows the provider interface, the memory pipe and what kinds share",
              "io.penstock.impl.kind.tcp.Bad",
              "io.penstock.impl.core.Fine"),
          breaker(
              "a kind knows no other kind",
              "io.penstock.impl.kind.unix.Bad",
              "io.penstock.impl.kind.tcp.Fine"),
          ofBundle("io.penstock.cdi"),
          ofBundle("io.penstock.cli"),
          ofBundle("io.penstock.console"),
          ofBundle("io.penstock.durable"),
          ofBundle("io.penstock.eventadmin"),
          ofBundle("io.penstock.example"),
          ofBundle("io.penstock.gogo"),
          ofBundle("io.penstock.health"),
          ofBundle("io.penstock.inventory"),
          ofBundle("io.penstock.jmx"),
          ofBundle("io.penstock.karaf.commands"),
          ofBundle("io.penstock.launcher"),
          ofBundle("io.penstock.metrics"),
          ofBundle("io.penstock.micrometer"),
          ofBundle("io.penstock.nats"),
          breaker(
              "containers that find each other know no pipes on servers",
              "io.penstock.nats.impl.registry.Bad",
              "io.penstock.nats.impl.pipe.Fine"),
          breaker(
              "pipes on servers know no containers that find each other",
              "io.penstock.nats.impl.pipe.Bad",
              "io.penstock.nats.impl.registry.Fine"),
          ofBundle("io.penstock.operator"),
          ofBundle("io.penstock.pushstream"),
          ofBundle("io.penstock.remote"),
          ofBundle("io.penstock.rsa"),
          ofBundle("io.penstock.sftp"),
          ofBundle("io.penstock.shell"),
          ofBundle("io.penstock.ssh"),
          ofBundle("io.penstock.testing"),
          ofBundle("io.penstock.tls"),
          breaker(
              "the contract's tests know what users know",
              "io.penstock.testing.contract.Bad",
              "io.penstock.spi.Fine"),
          breaker(
              "a channel for tests knows no test framework",
              "io.penstock.testing.Bad",
              "org.junit.jupiter.api.Test"),
          breaker(
              "a provider's bundle knows no framework",
              "io.penstock.tls.Bad",
              "org.osgi.framework.Bundle"),
          breaker(
              "what channels over SSH offer knows neither implementation nor library",
              "io.penstock.ssh.Bad",
              "io.penstock.ssh.impl.Fine"));

  @TempDir Path work;

  private static Map.Entry<String, String[]> breaker(String rule, String user, String used) {
    return Map.entry(rule, new String[] {user, used});
  }

  private static Map.Entry<String, String[]> ofFloor(String user, String used) {
    return breaker(user + " knows only the floors below it", user + ".Bad", used + ".Fine");
  }

  private static Map.Entry<String, String[]> ofBundle(String bundle) {
    return breaker(bundle + " knows itself and the API only", bundle + ".Bad", ENGINE);
  }

  /** The class folders of all modules that belong to the product. */
  private static List<Path> folders() throws Exception {
    return MODULE
        .matcher(Files.readString(TREE.resolve("pom.xml")))
        .results()
        .map(module -> module.group(1))
        .filter(module -> !OUTSIDE.matcher(module).matches())
        .filter(module -> Files.exists(TREE.resolve(module).resolve("src/main/java")))
        .map(module -> TREE.resolve(module).resolve("target/classes"))
        .toList();
  }

  @TestFactory
  Stream<DynamicTest> productKeepsTo() throws Exception {
    for (Path folder : folders()) {
      // A bundle that was not compiled would keep to every rule.
      assertTrue(Files.exists(folder.resolve("io/penstock")), folder::toString);
    }
    JavaClasses product = new ClassFileImporter().importPaths(folders());
    for (String one :
        List.of("stream.ByteSource", "standalone.Penstock", "ssh.impl.client.SharedClient")) {
      assertTrue(product.contain("io.penstock." + one), one);
    }
    return Layers.RULES.entrySet().stream()
        .map(rule -> DynamicTest.dynamicTest(rule.getKey(), () -> rule.getValue().check(product)));
  }

  @Test
  void eachRuleRefusesTheClassThatBreaksIt() throws Exception {
    assertEquals(Layers.RULES.keySet(), new TreeMap<>(BREAKERS).keySet());
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
    for (String name :
        List.of("engine", "core", "channel", "pipe", "kind.tcp", "relay", "component")) {
      sources.put("io.penstock.impl." + name + ".Fine", "java.lang.String");
    }
    for (String name :
        List.of("pipe", "spi", "standalone", "ssh.impl", "nats.impl.pipe", "nats.impl.registry")) {
      sources.put("io.penstock." + name + ".Fine", "java.lang.String");
    }
    sources.put("io.penstock.impl.kind.tcp.part.UsesFine", "io.penstock.impl.kind.tcp.Fine");
    sources.put(user, used);
    Path folder = Files.createTempDirectory(work, "world");
    List<String> arguments = new ArrayList<>(List.of("-proc:none", "-d", folder.toString()));
    arguments.addAll(List.of("-cp", System.getProperty("java.class.path")));
    for (Map.Entry<String, String> source : sources.entrySet()) {
      int dot = source.getKey().lastIndexOf('.');
      String name = source.getKey().substring(dot + 1);
      Path file = folder.resolve(source.getKey().replace('.', '/') + ".java");
      Files.createDirectories(file.getParent());
      Files.writeString(
          file,
          "package %s; public class %s { %s field; }"
              .formatted(source.getKey().substring(0, dot), name, source.getValue()));
      arguments.add(file.toString());
    }
    int status =
        ToolProvider.getSystemJavaCompiler()
            .run(null, null, null, arguments.toArray(String[]::new));
    assertEquals(0, status);
    return new ClassFileImporter().importPath(folder);
  }
}
