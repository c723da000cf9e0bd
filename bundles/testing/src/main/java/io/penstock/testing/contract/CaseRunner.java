// SPDX-License-Identifier: Apache-2.0
package io.penstock.testing.contract;

import java.lang.reflect.Method;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.Extension;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.InvocationInterceptor;
import org.junit.jupiter.api.extension.ReflectiveInvocationContext;
import org.junit.jupiter.api.extension.TestTemplateInvocationContext;
import org.junit.jupiter.api.extension.TestTemplateInvocationContextProvider;
import org.opentest4j.TestAbortedException;

/** Runs a {@link Case}: chooses the threads, skips what a kind lacks, limits the time, reports. */
final class CaseRunner implements TestTemplateInvocationContextProvider {
  @Override
  public boolean supportsTestTemplate(ExtensionContext context) {
    return true;
  }

  @Override
  public Stream<TestTemplateInvocationContext> provideTestTemplateInvocationContexts(
      ExtensionContext context) {
    String wanted = context.getConfigurationParameter("io.penstock.testing.threads").orElse("all");
    Stream.Builder<TestTemplateInvocationContext> runs = Stream.builder();
    switch (wanted) {
      case "platform" -> runs.add(new Run(false));
      case "virtual" -> runs.add(new Run(true));
      case "all" -> {
        runs.add(new Run(false));
        if (Threads.haveVirtual()) {
          runs.add(new Run(true));
        }
      }
      default ->
          throw new IllegalArgumentException(
              "io.penstock.testing.threads is '" + wanted + "', expected all, platform or virtual");
    }
    return runs.build();
  }

  private record Run(boolean virtual) implements TestTemplateInvocationContext {
    @Override
    public String getDisplayName(int invocationIndex) {
      return virtual ? "virtual threads" : "platform threads";
    }

    @Override
    public List<Extension> getAdditionalExtensions() {
      return List.of(new Skipper(), new Runner(virtual));
    }
  }

  private static Case annotation(ExtensionContext context) {
    return context.getRequiredTestMethod().getAnnotation(Case.class);
  }

  private static String kind(Object instance) {
    return instance instanceof Suite suite ? suite.kind().name() : "-";
  }

  /** Named as documents name it: by the published suite, or by its own class. */
  private static String name(ExtensionContext context) {
    Method method = context.getRequiredTestMethod();
    Class<?> declaring = method.getDeclaringClass();
    for (Class<?> suite : List.of(ContractSuite.class, ChannelSuite.class)) {
      if (suite.isAssignableFrom(context.getRequiredTestClass())
          && declaring.isAssignableFrom(suite)) {
        declaring = suite;
      }
    }
    return declaring.getName() + "#" + method.getName();
  }

  private static Optional<Path> report(ExtensionContext context) {
    return context
        .getConfigurationParameter("io.penstock.testing.report")
        .filter(path -> !path.isBlank())
        .map(Path::of);
  }

  /** Looks first, so that nothing is opened for a case that is not run. */
  private static final class Skipper implements BeforeEachCallback {
    @Override
    public void beforeEach(ExtensionContext context) {
      if (context.getRequiredTestInstance() instanceof Suite suite) {
        Kind kind = suite.kind();
        kind.unavailable().ifPresent(reason -> skip(context, kind, "*", reason));
        for (Trait trait : annotation(context).needs()) {
          kind.lacks(trait).ifPresent(reason -> skip(context, kind, name(context), reason));
        }
      }
    }

    private static void skip(ExtensionContext context, Kind kind, String name, String reason) {
      report(context).ifPresent(path -> CaseReport.skipped(path, kind.name(), name, reason));
      throw new TestAbortedException(reason);
    }
  }

  private static final class Runner implements InvocationInterceptor {
    private final boolean virtual;

    Runner(boolean virtual) {
      this.virtual = virtual;
    }

    @Override
    public void interceptTestTemplateMethod(
        Invocation<Void> invocation,
        ReflectiveInvocationContext<Method> invocationContext,
        ExtensionContext context)
        throws Throwable {
      Task<Void> body =
          Task.start(
              virtual,
              "case " + context.getRequiredTestMethod().getName(),
              () -> {
                try {
                  return invocation.proceed();
                } catch (Exception | Error e) {
                  throw e;
                } catch (Throwable e) {
                  throw new ExecutionException(e);
                }
              });
      body.finish(Duration.ofSeconds(annotation(context).seconds()));
      report(context)
          .ifPresent(
              path -> CaseReport.ran(path, kind(context.getRequiredTestInstance()), name(context)));
    }
  }
}
