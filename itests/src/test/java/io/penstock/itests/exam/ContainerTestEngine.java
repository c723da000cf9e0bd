// SPDX-License-Identifier: Apache-2.0
package io.penstock.itests.exam;

import java.lang.reflect.Modifier;
import java.util.List;
import java.util.Optional;
import org.junit.platform.engine.EngineDiscoveryRequest;
import org.junit.platform.engine.EngineExecutionListener;
import org.junit.platform.engine.ExecutionRequest;
import org.junit.platform.engine.TestDescriptor;
import org.junit.platform.engine.TestEngine;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.UniqueId;
import org.junit.platform.engine.discovery.ClassSelector;
import org.junit.platform.engine.discovery.DiscoverySelectors;
import org.junit.platform.engine.discovery.UniqueIdSelector;
import org.junit.platform.engine.support.descriptor.AbstractTestDescriptor;
import org.junit.platform.engine.support.descriptor.ClassSource;
import org.junit.platform.engine.support.descriptor.EngineDescriptor;
import org.junit.platform.engine.support.discovery.EngineDiscoveryRequestResolver;
import org.junit.platform.engine.support.discovery.SelectorResolver;

/**
 * The host's side: finds the classes with {@link InContainer}, boots their containers one after the
 * other and reports what comes back. Which tests a class has, only the container knows, so they
 * join the tree while it runs.
 */
public final class ContainerTestEngine implements TestEngine {

  static final String ID = "penstock-containers";

  private static final EngineDiscoveryRequestResolver<EngineDescriptor> RESOLVER =
      EngineDiscoveryRequestResolver.<EngineDescriptor>builder()
          .addClassContainerSelectorResolver(ContainerTestEngine::isContainerTest)
          .addSelectorResolver(new ClassResolver())
          .build();

  @Override
  public String getId() {
    return ID;
  }

  @Override
  public TestDescriptor discover(EngineDiscoveryRequest request, UniqueId uniqueId) {
    EngineDescriptor engine = new EngineDescriptor(uniqueId, "Penstock containers");
    RESOLVER.resolve(request, engine);
    return engine;
  }

  @Override
  public void execute(ExecutionRequest request) {
    EngineExecutionListener listener = request.getEngineExecutionListener();
    TestDescriptor engine = request.getRootTestDescriptor();
    listener.executionStarted(engine);
    for (TestDescriptor testClass : engine.getChildren()) {
      listener.executionStarted(testClass);
      for (TestDescriptor container : testClass.getChildren()) {
        execute((ContainerDescriptor) container, listener);
      }
      listener.executionFinished(testClass, TestExecutionResult.successful());
    }
    listener.executionFinished(engine, TestExecutionResult.successful());
  }

  private static void execute(ContainerDescriptor container, EngineExecutionListener listener) {
    Optional<String> reason = container.kind().reasonToSkip();
    if (reason.isPresent()) {
      listener.executionSkipped(container, reason.get());
      return;
    }
    Replay replay = new Replay(container, listener);
    try (ContainerSession session =
        ContainerSession.boot(container.kind(), container.testClass())) {
      session.run(container.testClass(), replay);
    } catch (Throwable problem) { // whatever it is, it belongs into the report
      replay.broken(problem);
    }
    replay.end();
  }

  private static boolean isContainerTest(Class<?> type) {
    return type.isAnnotationPresent(InContainer.class)
        && !Modifier.isAbstract(type.getModifiers())
        && (type.getEnclosingClass() == null || Modifier.isStatic(type.getModifiers()));
  }

  /** Turns a selected class, or the identifier of one, into its node. */
  private static final class ClassResolver implements SelectorResolver {

    @Override
    public Resolution resolve(ClassSelector selector, Context context) {
      if (!isContainerTest(selector.getJavaClass())) {
        return Resolution.unresolved();
      }
      return context
          .addToParent(parent -> Optional.of(new ClassDescriptor(parent, selector.getJavaClass())))
          .map(descriptor -> Resolution.match(Match.exact(descriptor)))
          .orElseGet(Resolution::unresolved);
    }

    @Override
    public Resolution resolve(UniqueIdSelector selector, Context context) {
      return selector.getUniqueId().getSegments().stream()
          .filter(segment -> segment.getType().equals(ClassDescriptor.SEGMENT))
          .findFirst()
          .map(segment -> DiscoverySelectors.selectClass(segment.getValue()))
          .map(selected -> resolve(selected, context))
          .orElseGet(Resolution::unresolved);
    }
  }

  /** A test class, above its containers. */
  private static final class ClassDescriptor extends AbstractTestDescriptor {

    static final String SEGMENT = "class";

    ClassDescriptor(TestDescriptor parent, Class<?> testClass) {
      super(
          parent.getUniqueId().append(SEGMENT, testClass.getName()),
          // Reports name a skipped container after its class: in full, like every other test.
          testClass.getName(),
          ClassSource.from(testClass));
      // All, or those that are named, such as felix,karaf.
      String named = System.getProperty("penstock.itests.containers", "");
      for (ContainerKind kind : testClass.getAnnotation(InContainer.class).value()) {
        if (named.isEmpty() || List.of(named.split(",")).contains(kind.label())) {
          addChild(new ContainerDescriptor(getUniqueId(), kind, testClass));
        }
      }
    }

    @Override
    public Type getType() {
      return Type.CONTAINER;
    }
  }

  /** A test class in one container, above whatever tests that container finds in it. */
  static final class ContainerDescriptor extends AbstractTestDescriptor {

    private final ContainerKind kind;
    private final Class<?> testClass;

    ContainerDescriptor(UniqueId parent, ContainerKind kind, Class<?> testClass) {
      // Without a source and with such a name, Surefire takes it for a parameter of the class and
      // reports the tests below by the names that they give.
      super(parent.append("container", kind.label()), "[" + kind.label() + "]");
      this.kind = kind;
      this.testClass = testClass;
    }

    ContainerKind kind() {
      return kind;
    }

    Class<?> testClass() {
      return testClass;
    }

    @Override
    public Type getType() {
      return Type.CONTAINER;
    }

    @Override
    public boolean mayRegisterTests() {
      return true;
    }
  }
}
