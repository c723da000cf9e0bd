// SPDX-License-Identifier: Apache-2.0
package io.penstock.build;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.core.domain.JavaClass;
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
import java.util.TreeSet;
import java.util.stream.Stream;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** The product publishes with the right ordering, and each rule refuses a class that does not. */
class OrderingsIT {
  /**
   * For each rule a body of {@code io.penstock.impl.buffer.Cursors} that breaks it and no other.
   */
  private static final Map<String, String> BREAKERS =
      Map.of(
          "shared words are touched through handles only",
          "void publish() { written = 1; }",
          "no handle is used for a plain access",
          "void publish() { WRITTEN.set((WriterSide) this, 1L); }",
          "what gives the system memory keeps it until the call has returned",
          "int publish(io.penstock.impl.posix.Posix calls, java.nio.ByteBuffer name) {"
              + " return calls.bind(1, calls.address(name), name.limit()); }",
          "what publishes uses the ordering that it must",
          "void publishWritten() { WRITTEN.setOpaque((WriterSide) this, 1L); }");

  @TempDir Path work;

  private static JavaClasses product() {
    return new ClassFileImporter()
        .withImportOption(new ImportOption.DoNotIncludeTests())
        .importPackages("io.penstock.impl");
  }

  @TestFactory
  Stream<DynamicTest> productKeepsTo() {
    JavaClasses product = product();
    return new TreeMap<>(Orderings.RULES)
        .entrySet().stream()
            .map(
                rule ->
                    DynamicTest.dynamicTest(rule.getKey(), () -> rule.getValue().check(product)));
  }

  /** A rule about what does not exist would hold for ever. */
  @Test
  void whatTheRulesNameExists() {
    JavaClasses product = product();
    Orderings.WORDS.forEach(
        (owner, words) -> words.forEach(word -> product.get(owner).getField(word)));
    TreeSet<String> methods = new TreeSet<>();
    TreeSet<String> givers = new TreeSet<>();
    for (JavaClass one : product) {
      one.getMethods().forEach(method -> methods.add(Orderings.name(method)));
      one.getCodeUnits().stream()
          .filter(Orderings::givesMemoryAway)
          .forEach(code -> givers.add(Orderings.name(code)));
    }
    assertTrue(givers.containsAll(Orderings.KEPT_BY_OTHERS), "of " + Orderings.KEPT_BY_OTHERS);
    assertTrue(methods.containsAll(Orderings.CALLS.keySet()), "of " + Orderings.CALLS.keySet());
  }

  @Test
  void eachRuleRefusesWhatBreaksIt() throws Exception {
    assertEquals(Orderings.RULES.keySet(), BREAKERS.keySet());
    for (Map.Entry<String, String> breaker : BREAKERS.entrySet()) {
      JavaClasses classes = compile(breaker.getValue());
      List<String> refused = new ArrayList<>();
      for (Map.Entry<String, ArchRule> rule : Orderings.RULES.entrySet()) {
        if (rule.getValue().allowEmptyShould(true).evaluate(classes).hasViolation()) {
          refused.add(rule.getKey());
        }
      }
      assertEquals(List.of(breaker.getKey()), refused);
    }
  }

  private JavaClasses compile(String body) throws Exception {
    Path folder = Files.createTempDirectory(work, "world");
    Path file = folder.resolve("Cursors.java");
    Files.writeString(
        file,
        """
        package io.penstock.impl.buffer;
        abstract class WriterSide { volatile long written; }
        abstract class Cursors extends WriterSide {
          private static final java.lang.invoke.VarHandle WRITTEN;
          static {
            try {
              WRITTEN =
                  java.lang.invoke.MethodHandles.lookup()
                      .findVarHandle(WriterSide.class, "written", long.class);
            } catch (ReflectiveOperationException e) {
              throw new ExceptionInInitializerError(e);
            }
          }
          %s
        }
        """
            .formatted(body));
    int status =
        ToolProvider.getSystemJavaCompiler()
            .run(null, null, null, "-proc:none", "-d", folder.toString(), file.toString());
    assertEquals(0, status);
    return new ClassFileImporter().importPath(folder);
  }
}
