// SPDX-License-Identifier: Apache-2.0
package io.penstock.testing.junit;

import java.io.IOException;
import java.lang.reflect.Executable;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolutionException;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Injects what a test of code with channels needs, closes it after the test, and fails the test for
 * what it leaves behind.
 *
 * <pre>{@code
 * @ExtendWith(PenstockExtension.class)
 * class GreeterTest {
 *   @Test
 *   void greets(@OfKind("tcp") ChannelPair pair) throws IOException {
 *     new Greeter().greet(pair.left());
 *     assertEquals("hello", pair.right().source().readLine(StandardCharsets.UTF_8, 99));
 *   }
 * }
 * }</pre>
 *
 * <p>Parameters of test methods, and of methods with {@code @BeforeEach} or {@code @AfterEach}, may
 * be:
 *
 * <ul>
 *   <li>{@code ChannelPair}: two connected channels of the kind that {@link OfKind} names;
 *   <li>{@code Listener}: on a free port or the like, of the kind that {@link OfKind} names;
 *   <li>{@code Pipe} and {@code TestChannel}: a fresh one each;
 *   <li>{@code Poller}: a fresh one each;
 *   <li>{@code ChannelFactory}, {@code PipeFactory}, {@code RelayFactory} and {@code
 *       io.penstock.standalone.Penstock}: the same for all parameters of one test. What the test
 *       makes by them it must close.
 * </ul>
 *
 * <p>After the methods with {@code @AfterEach} the extension closes what it has injected. Then the
 * test fails for each of these that is left: a channel, pipe, listener, relay or poller that the
 * test has made and that is not closed within the patience, with the stack that made it; a platform
 * thread that does not end within it, with the stack where it stands; on Linux, a descriptor that
 * is not closed within it. {@link AllowLeaks} switches that off. The configuration parameter {@code
 * io.penstock.testing.patience} is the patience in milliseconds, 5000 by default.
 *
 * <p>Tests that run in parallel see the threads and descriptors of each other: with {@code
 * junit.jupiter.execution.parallel.enabled} only what was made through the injected objects is
 * looked for. Needs {@code io.penstock.impl} on the class path.
 */
@ProviderType
public final class PenstockExtension
    implements BeforeEachCallback, AfterEachCallback, ParameterResolver {
  private static final ExtensionContext.Namespace OURS =
      ExtensionContext.Namespace.create(PenstockExtension.class);
  private static final String PATIENCE = "io.penstock.testing.patience";
  private static final String PARALLEL = "junit.jupiter.execution.parallel.enabled";
  private static final long DEFAULT_PATIENCE_MILLIS = 5000;

  /** Frames between the call of the test and the place where something is made. */
  private static final Pattern BETWEEN =
      Pattern.compile(
          "(java|jdk|sun)\\..*|io\\.penstock\\.(impl|standalone|channel|pipe|relay|poller|stream)\\..*"
              + "|io\\.penstock\\.testing\\.[A-Z].*");

  /** For JUnit. */
  public PenstockExtension() {}

  @Override
  public void beforeEach(ExtensionContext context) {
    ExtensionContext.Store store = context.getStore(OURS);
    Set<Leak> wanted = wanted(context);
    if (wanted.contains(Leak.DESCRIPTORS)) {
      store.put(DescriptorCensus.class, new DescriptorCensus());
    }
    if (wanted.contains(Leak.THREADS)) {
      store.put(ThreadCensus.class, new ThreadCensus());
    }
  }

  private static Set<Leak> wanted(ExtensionContext context) {
    Set<Leak> wanted = EnumSet.allOf(Leak.class);
    if (context.getConfigurationParameter(PARALLEL, Boolean::valueOf).orElse(false)) {
      wanted.retainAll(Set.of(Leak.CHANNELS));
    }
    Method method = context.getRequiredTestMethod();
    AllowLeaks allowed = method.getAnnotation(AllowLeaks.class);
    for (Class<?> type = context.getRequiredTestClass();
        allowed == null && type != null;
        type = type.getEnclosingClass()) {
      allowed = type.getAnnotation(AllowLeaks.class);
    }
    if (allowed != null) {
      wanted.removeAll(Arrays.asList(allowed.value()));
    }
    return wanted;
  }

  @Override
  public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
    return Workplace.knows(parameter.getParameter().getType());
  }

  @Override
  public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
    Class<?> type = parameter.getParameter().getType();
    Executable user = parameter.getDeclaringExecutable();
    if (context.getTestMethod().isEmpty()) {
      throw new ParameterResolutionException(
          type.getSimpleName()
              + " lives as long as one test: have it as a parameter of the test method, or of one"
              + " with @BeforeEach, not of "
              + user.getName());
    }
    String kind = parameter.findAnnotation(OfKind.class).map(OfKind::value).orElse("");
    if (!kind.isEmpty() && !Workplace.hasKinds(type)) {
      throw new ParameterResolutionException(
          "@OfKind is for ChannelPair and Listener, not for " + type.getSimpleName());
    }
    Workplace workplace =
        context
            .getStore(OURS)
            .getOrComputeIfAbsent(
                Workplace.class,
                key -> new Workplace(context.getRequiredTestClass().getClassLoader()),
                Workplace.class);
    try {
      return workplace.make(type, kind);
    } catch (IOException e) {
      throw new ParameterResolutionException(
          "no " + type.getSimpleName() + " can be made: " + e.getMessage(), e);
    }
  }

  @Override
  public void afterEach(ExtensionContext context) throws Exception {
    ExtensionContext.Store store = context.getStore(OURS);
    List<Throwable> left = new ArrayList<>();
    Workplace workplace = store.remove(Workplace.class, Workplace.class);
    if (workplace != null) {
      boolean asked = wanted(context).contains(Leak.CHANNELS);
      List<Throwable> open = workplace.close(asked ? deadline(context) : System.nanoTime());
      if (asked) {
        left.addAll(open);
      }
    }
    // Anew, because the threads of Penstock have only now been told to end.
    long deadline = deadline(context);
    ThreadCensus threads = store.remove(ThreadCensus.class, ThreadCensus.class);
    if (threads != null) {
      left.addAll(threads.left(deadline));
    }
    DescriptorCensus descriptors = store.remove(DescriptorCensus.class, DescriptorCensus.class);
    if (descriptors != null) {
      left.addAll(descriptors.left(deadline));
    }
    if (!left.isEmpty()) {
      throw failure(left);
    }
  }

  private static long deadline(ExtensionContext context) {
    long millis =
        context.getConfigurationParameter(PATIENCE, Long::valueOf).orElse(DEFAULT_PATIENCE_MILLIS);
    return System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
  }

  private static AssertionError failure(List<Throwable> left) {
    StringBuilder text = new StringBuilder("the test has left behind:");
    for (Throwable each : left) {
      text.append("\n  ").append(each.getMessage());
      for (StackTraceElement frame : each.getStackTrace()) {
        if (!BETWEEN.matcher(frame.getClassName()).matches()) {
          text.append(": at ").append(frame);
          break;
        }
      }
    }
    AssertionError failure = new AssertionError(text.toString());
    left.forEach(failure::addSuppressed);
    return failure;
  }
}
