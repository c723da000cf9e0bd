// SPDX-License-Identifier: Apache-2.0
package io.penstock.itests.exam;

import io.penstock.itests.exam.ContainerTestEngine.ContainerDescriptor;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import org.junit.platform.engine.EngineExecutionListener;
import org.junit.platform.engine.TestDescriptor;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.TestSource;
import org.junit.platform.engine.UniqueId;
import org.junit.platform.engine.support.descriptor.AbstractTestDescriptor;
import org.junit.platform.engine.support.descriptor.ClassSource;
import org.junit.platform.engine.support.descriptor.MethodSource;
import org.opentest4j.TestAbortedException;

/**
 * Rebuilds on the host what happens in one container, event by event. The class as the container
 * sees it and the host's node for that container are one: what befalls the former is reported for
 * the latter. Used by one thread.
 */
final class Replay {

  private final ContainerDescriptor container;
  private final EngineExecutionListener listener;
  private final Map<String, TestDescriptor> nodes = new HashMap<>();
  private final Deque<TestDescriptor> running = new ArrayDeque<>();
  private TestExecutionResult result = TestExecutionResult.successful();
  private boolean started;
  private boolean skipped;
  private boolean done;
  private int tests;

  Replay(ContainerDescriptor container, EngineExecutionListener listener) {
    this.container = container;
    this.listener = listener;
  }

  /** Reports one event. */
  void accept(RemoteEvent event) {
    if (event instanceof RemoteEvent.Planned planned) {
      plan(planned);
    } else if (event instanceof RemoteEvent.Started begun) {
      start(nodes.get(begun.id()));
    } else if (event instanceof RemoteEvent.Skipped left) {
      skip(nodes.get(left.id()), left.reason());
    } else if (event instanceof RemoteEvent.Finished finished) {
      finish(nodes.get(finished.id()), result(finished));
    } else if (event instanceof RemoteEvent.Broken broken) {
      broken(broken.failure().toThrowable());
    } else {
      done = true;
    }
  }

  /** Whether the container said that nothing follows. */
  boolean isDone() {
    return done;
  }

  /** What runs at this moment, the innermost first: where to look when a container goes silent. */
  String whatRuns() {
    return running.isEmpty() ? "no test" : running.peek().getLegacyReportingName();
  }

  /** Fails what still runs, and the container as a whole. */
  void broken(Throwable problem) {
    while (!running.isEmpty()) {
      listener.executionFinished(running.pop(), TestExecutionResult.failed(problem));
    }
    fail(problem);
  }

  /** Ends the container's own node. A container that ran nothing has failed. */
  void end() {
    if (skipped) {
      return;
    }
    if (tests == 0) {
      fail(
          new AssertionError(
              "no test of "
                  + container.testClass().getName()
                  + " ran in "
                  + container.kind().label()));
    }
    start(container);
    listener.executionFinished(container, result);
  }

  private void fail(Throwable problem) {
    if (result.getStatus() != TestExecutionResult.Status.FAILED) {
      result = TestExecutionResult.failed(problem);
    } else if (result.getThrowable().orElseThrow() != problem) {
      result.getThrowable().orElseThrow().addSuppressed(problem);
    }
  }

  private void plan(RemoteEvent.Planned planned) {
    if (planned.parentId() == null) {
      nodes.put(planned.id(), container);
      return;
    }
    TestDescriptor parent = nodes.get(planned.parentId());
    TestDescriptor node = new RemoteDescriptor(parent, container.kind(), planned);
    parent.addChild(node);
    nodes.put(planned.id(), node);
    listener.dynamicTestRegistered(node);
  }

  private void start(TestDescriptor node) {
    if (node != container) {
      running.push(node);
      listener.executionStarted(node);
    } else if (!started) {
      started = true;
      listener.executionStarted(container);
    }
  }

  private void skip(TestDescriptor node, String reason) {
    skipped |= node == container;
    count(node);
    listener.executionSkipped(node, reason);
  }

  private void finish(TestDescriptor node, TestExecutionResult outcome) {
    if (node == container) {
      outcome.getThrowable().ifPresent(this::fail);
      return;
    }
    count(node);
    running.remove(node);
    listener.executionFinished(node, outcome);
  }

  private void count(TestDescriptor node) {
    if (node.isTest()) {
      tests++;
    }
  }

  private static TestExecutionResult result(RemoteEvent.Finished finished) {
    return switch (finished.outcome()) {
      case PASSED -> TestExecutionResult.successful();
      case FAILED -> TestExecutionResult.failed(finished.failure().toThrowable());
      case ABORTED ->
          TestExecutionResult.aborted(
              new TestAbortedException(
                  finished.failure() == null ? "" : finished.failure().message()));
    };
  }

  /** A node that a container planned. */
  private static final class RemoteDescriptor extends AbstractTestDescriptor {

    private final RemoteEvent.Planned planned;
    private final String reportName;

    RemoteDescriptor(TestDescriptor parent, ContainerKind kind, RemoteEvent.Planned planned) {
      super(append(parent.getUniqueId(), planned.id()), planned.displayName(), source(planned));
      this.planned = planned;
      String plain =
          planned.reportName().endsWith("()")
              ? planned.reportName().substring(0, planned.reportName().length() - 2)
              : planned.reportName();
      this.reportName = planned.methodName() == null ? plain : plain + "[" + kind.label() + "]";
    }

    private static UniqueId append(UniqueId parent, String id) {
      return parent.append(UniqueId.parse(id).getLastSegment());
    }

    private static TestSource source(RemoteEvent.Planned planned) {
      if (planned.methodName() != null) {
        return MethodSource.from(
            planned.className(), planned.methodName(), planned.parameterTypes());
      }
      return planned.className() == null ? null : ClassSource.from(planned.className());
    }

    @Override
    public String getLegacyReportingName() {
      return reportName;
    }

    @Override
    public Type getType() {
      if (!planned.test()) {
        return Type.CONTAINER;
      }
      return planned.container() ? Type.CONTAINER_AND_TEST : Type.TEST;
    }

    @Override
    public boolean mayRegisterTests() {
      return planned.container();
    }
  }
}
