// SPDX-License-Identifier: Apache-2.0
package io.penstock.itests.exam;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.assumeTrue;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Disabled;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.launcher.TestPlan;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.testkit.engine.EngineExecutionResults;
import org.junit.platform.testkit.engine.EngineTestKit;
import org.junit.platform.testkit.engine.Event;
import org.junit.platform.testkit.engine.EventType;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;

/**
 * Shows that the engine catches what it is there for: classes that fail on purpose run in real
 * containers, and what reaches the host is compared.
 */
class ContainerTestEngineIT {

  private static final Map<Class<?>, EngineExecutionResults> RUNS = new ConcurrentHashMap<>();

  static Stream<Class<?>> everyContainerHere() {
    return Stream.<Class<?>>of(
            MixedInFelix.class,
            MixedInEquinox.class,
            MixedInForkedFelix.class,
            MixedInForkedEquinox.class,
            MixedInKaraf.class)
        .filter(type -> kind(type).reasonToSkip().isEmpty());
  }

  @ParameterizedTest
  @MethodSource("everyContainerHere")
  void reportsEveryTestOfAClassByNameAndOutcome(Class<?> testClass) {
    String kind = "[" + kind(testClass).label() + "]";

    Map<String, String> outcomes = outcomes(run(testClass));

    Map<String, String> expected = new TreeMap<>();
    expected.put("aborts" + kind, "ABORTED: Assumption failed: not today");
    expected.put("counts(int)[1]" + kind, "SUCCESSFUL");
    expected.put("counts(int)[2]" + kind, "FAILED: two is refused");
    expected.put("disabled" + kind, "SKIPPED: on purpose");
    expected.put(
        "fails(BundleContext)" + kind, "FAILED: failed on purpose in " + vendor(testClass));
    expected.put("failsInside" + kind, "FAILED: nested failure");
    expected.put("countsInside(String)[1]" + kind, "SUCCESSFUL");
    expected.put("countsInside(String)[2]" + kind, "FAILED: b is refused");
    expected.put("passesAfterBeforeEach" + kind, "SUCCESSFUL");
    expected.put("failsInAfterEach" + kind, "FAILED: after each, on purpose");
    assertEquals(expected, outcomes);
  }

  @ParameterizedTest
  @MethodSource("everyContainerHere")
  void failuresKeepTypeStackCauseAndSuppressed(Class<?> testClass) {
    EngineExecutionResults results = run(testClass);

    Throwable plain = failure(results, "fails(BundleContext)");
    assertTrue(plain instanceof AssertionError, () -> "an assertion: " + plain.getClass());
    assertEquals(
        "org.opentest4j.AssertionFailedError: failed on purpose in " + vendor(testClass),
        plain.toString());
    assertTrue(hasFrame(plain, Mixed.class, "fails"), () -> Arrays.toString(plain.getStackTrace()));

    Throwable nested = failure(results, "failsInside");
    assertFalse(nested instanceof AssertionError, () -> "an error: " + nested.getClass());
    assertEquals("java.lang.IllegalStateException: nested failure", nested.toString());
    assertTrue(
        hasFrame(nested, Mixed.Inside.class, "failsInside"),
        () -> Arrays.toString(nested.getStackTrace()));
    assertEquals("java.io.IOException: the cause", nested.getCause().toString());
    assertEquals(
        List.of("java.lang.ArithmeticException: suppressed"),
        Stream.of(nested.getSuppressed()).map(Throwable::toString).toList());
  }

  @Test
  void aFailureBeforeAllTestsFailsTheContainer() {
    assertEquals(
        List.of("[felix] FAILED: before all, on purpose"), containers(run(FailsBeforeAll.class)));
  }

  @Test
  void aFailureAfterAllTestsFailsTheContainer() {
    assertEquals(
        List.of("[equinox] FAILED: after all, on purpose"), containers(run(FailsAfterAll.class)));
  }

  @Test
  void aClassWithoutTestsFails() {
    assertEquals(
        List.of("[felix] FAILED: no test of " + Empty.class.getName() + " ran in felix"),
        containers(run(Empty.class)));
  }

  @Test
  void aDisabledClassIsSkippedWithItsReason() {
    assertEquals(List.of("[felix] SKIPPED: as a whole"), containers(run(DisabledAsAWhole.class)));
  }

  @Test
  void aBundleThatIsNotThereFailsTheContainer() {
    assertEquals(
        List.of("[felix] FAILED: no bundle no.such.bundle on the class path of the tests"),
        containers(run(MissesABundle.class)));
  }

  @Test
  void aContainerThatDiesFailsTheTestThatRan() {
    EngineExecutionResults results = run(Dies.class);

    assertEquals(
        Map.of(
            "dies[felix-forked]",
            "FAILED: the container went away while it ran dies[felix-forked]"),
        outcomes(results));
    assertEquals(
        List.of("[felix-forked] FAILED: the container went away while it ran dies[felix-forked]"),
        containers(results));
  }

  @Test
  void noOtherEngineRunsAClassForContainers() {
    TestPlan plan =
        LauncherFactory.create()
            .discover(
                LauncherDiscoveryRequestBuilder.request()
                    .selectors(selectClass(MixedInFelix.class))
                    .build());

    assertEquals(
        List.of(ContainerTestEngine.ID),
        plan.getRoots().stream()
            .filter(root -> !plan.getChildren(root).isEmpty())
            .map(root -> root.getUniqueIdObject().getEngineId().orElseThrow())
            .toList());
  }

  @Test
  void karafIsSkippedByNameOnEveryJavaBut17() {
    assertTrue(KarafRunsOnJava17.reasonToSkip(Runtime.Version.parse("17.0.15")).isEmpty());
    assertEquals(
        "KarafRunsOnJava17: Karaf 4.4 is tested on Java 17, this is Java 25",
        KarafRunsOnJava17.reasonToSkip(Runtime.Version.parse("25.0.3")).orElseThrow());
  }

  /** Runs a class in its container, once for all tests that look at it. */
  private static EngineExecutionResults run(Class<?> testClass) {
    return EngineTestKit.engine(ContainerTestEngine.ID).selectors(selectClass(testClass)).execute();
  }

  private static Map<String, String> outcomes(EngineExecutionResults results) {
    Map<String, String> outcomes = new TreeMap<>();
    results.testEvents().stream()
        .filter(ContainerTestEngineIT::isEnd)
        .forEach(
            event -> outcomes.put(event.getTestDescriptor().getLegacyReportingName(), end(event)));
    return outcomes;
  }

  /** What happened to the nodes of the containers themselves. */
  private static List<String> containers(EngineExecutionResults results) {
    List<String> ends = new ArrayList<>();
    results.containerEvents().stream()
        .filter(ContainerTestEngineIT::isEnd)
        .filter(event -> event.getTestDescriptor().getDisplayName().startsWith("["))
        .forEach(event -> ends.add(event.getTestDescriptor().getDisplayName() + " " + end(event)));
    return ends;
  }

  private static boolean isEnd(Event event) {
    return event.getType() == EventType.FINISHED || event.getType() == EventType.SKIPPED;
  }

  private static String end(Event event) {
    if (event.getType() == EventType.SKIPPED) {
      return "SKIPPED: " + event.getRequiredPayload(String.class);
    }
    TestExecutionResult result = event.getRequiredPayload(TestExecutionResult.class);
    return result
        .getThrowable()
        .map(thrown -> result.getStatus() + ": " + thrown.getMessage())
        .orElse(result.getStatus().toString());
  }

  private static Throwable failure(EngineExecutionResults results, String name) {
    return results.testEvents().failed().stream()
        .filter(event -> event.getTestDescriptor().getLegacyReportingName().startsWith(name + "["))
        .findFirst()
        .map(event -> event.getRequiredPayload(TestExecutionResult.class))
        .flatMap(TestExecutionResult::getThrowable)
        .orElseThrow(() -> new AssertionError("no failure of " + name));
  }

  private static boolean hasFrame(Throwable thrown, Class<?> type, String method) {
    return Stream.of(thrown.getStackTrace())
        .anyMatch(
            frame ->
                frame.getClassName().equals(type.getName())
                    && frame.getMethodName().equals(method));
  }

  private static ContainerKind kind(Class<?> testClass) {
    return testClass.getAnnotation(InContainer.class).value()[0];
  }

  private static String vendor(Class<?> testClass) {
    return switch (kind(testClass)) {
      case EQUINOX, EQUINOX_FORKED -> "Eclipse";
      default -> "Apache Software Foundation";
    };
  }

  /** Everything Jupiter can do to a test. */
  abstract static class Mixed {

    private boolean prepared;
    private boolean failInAfterEach;

    @BeforeEach
    void prepare() {
      prepared = true;
    }

    @AfterEach
    void complete() {
      if (failInAfterEach) {
        throw new IllegalStateException("after each, on purpose");
      }
    }

    @Test
    void failsInAfterEach() {
      failInAfterEach = true;
    }

    @Test
    void passesAfterBeforeEach() {
      assertTrue(prepared);
    }

    @Test
    void fails(BundleContext context) {
      fail("failed on purpose in " + context.getProperty(Constants.FRAMEWORK_VENDOR));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void counts(int number) {
      if (number == 2) {
        throw new IllegalArgumentException("two is refused");
      }
    }

    @Test
    void aborts() {
      assumeTrue(false, "not today");
    }

    @Disabled("on purpose")
    @Test
    void disabled() {
      fail("runs although it is disabled");
    }

    @Nested
    class Inside {

      @Test
      void failsInside() {
        IllegalStateException problem =
            new IllegalStateException("nested failure", new IOException("the cause"));
        problem.addSuppressed(new ArithmeticException("suppressed"));
        throw problem;
      }

      @ParameterizedTest
      @ValueSource(strings = {"a", "b"})
      void countsInside(String letter) {
        if (letter.equals("b")) {
          throw new IllegalArgumentException("b is refused");
        }
      }
    }
  }

  @InContainer(ContainerKind.FELIX)
  static class MixedInFelix extends Mixed {}

  @InContainer(ContainerKind.EQUINOX)
  static class MixedInEquinox extends Mixed {}

  @InContainer(ContainerKind.FELIX_FORKED)
  static class MixedInForkedFelix extends Mixed {}

  @InContainer(ContainerKind.EQUINOX_FORKED)
  static class MixedInForkedEquinox extends Mixed {}

  @InContainer(ContainerKind.KARAF)
  static class MixedInKaraf extends Mixed {}

  @InContainer(ContainerKind.FELIX)
  static class FailsBeforeAll {

    @BeforeAll
    static void prepare() {
      fail("before all, on purpose");
    }

    @Test
    void neverRuns() {}
  }

  @InContainer(ContainerKind.EQUINOX)
  static class FailsAfterAll {

    @AfterAll
    static void complete() {
      fail("after all, on purpose");
    }

    @Test
    void passes() {}
  }

  @InContainer(ContainerKind.FELIX)
  static class Empty {}

  @InContainer(ContainerKind.FELIX)
  @Disabled("as a whole")
  static class DisabledAsAWhole {

    @Test
    void neverRuns() {}
  }

  @InContainer(value = ContainerKind.FELIX, bundles = "no.such.bundle")
  static class MissesABundle {

    @Test
    void neverRuns() {}
  }

  @InContainer(ContainerKind.FELIX_FORKED)
  static class Dies {

    @Test
    void dies() {
      Runtime.getRuntime().halt(3);
    }
  }
}
