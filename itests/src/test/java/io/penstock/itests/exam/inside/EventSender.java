// SPDX-License-Identifier: Apache-2.0
package io.penstock.itests.exam.inside;

import io.penstock.itests.exam.RemoteEvent;
import io.penstock.itests.exam.RemoteEvent.Outcome;
import io.penstock.itests.exam.RemoteFailure;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.ObjectOutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.util.concurrent.locks.ReentrantLock;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.TestSource;
import org.junit.platform.engine.support.descriptor.ClassSource;
import org.junit.platform.engine.support.descriptor.MethodSource;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.TestPlan;

/** Tells the host what Jupiter does, as it does it. Safe for use by several threads. */
final class EventSender implements TestExecutionListener, AutoCloseable {

  private final ReentrantLock lock = new ReentrantLock();
  private final Socket socket;
  private final ObjectOutputStream out;
  private TestPlan plan;

  EventSender(int port) throws IOException {
    socket = new Socket(InetAddress.getLoopbackAddress(), port);
    out = new ObjectOutputStream(new BufferedOutputStream(socket.getOutputStream()));
  }

  void send(RemoteEvent event) {
    lock.lock();
    try {
      out.writeObject(event);
      out.reset();
      out.flush();
    } catch (IOException problem) {
      throw new UncheckedIOException("the host does not take the events", problem);
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }

  @Override
  public void testPlanExecutionStarted(TestPlan started) {
    plan = started;
    for (TestIdentifier engine : started.getRoots()) {
      started.getChildren(engine).forEach(this::planned);
    }
  }

  @Override
  public void dynamicTestRegistered(TestIdentifier test) {
    send(event(test));
  }

  @Override
  public void executionSkipped(TestIdentifier test, String reason) {
    if (!isEngine(test)) {
      send(new RemoteEvent.Skipped(test.getUniqueId(), reason));
    }
  }

  @Override
  public void executionStarted(TestIdentifier test) {
    if (!isEngine(test)) {
      send(new RemoteEvent.Started(test.getUniqueId()));
    }
  }

  @Override
  public void executionFinished(TestIdentifier test, TestExecutionResult result) {
    RemoteFailure failure = result.getThrowable().map(RemoteFailure::of).orElse(null);
    if (!isEngine(test)) {
      send(new RemoteEvent.Finished(test.getUniqueId(), outcome(result), failure));
    } else if (failure != null) {
      send(new RemoteEvent.Broken(failure));
    }
  }

  private void planned(TestIdentifier test) {
    send(event(test));
    plan.getChildren(test).forEach(this::planned);
  }

  private RemoteEvent event(TestIdentifier test) {
    TestSource source = test.getSource().orElse(null);
    String className = null;
    String methodName = null;
    String parameterTypes = null;
    if (source instanceof MethodSource method) {
      className = method.getClassName();
      methodName = method.getMethodName();
      parameterTypes = method.getMethodParameterTypes();
    } else if (source instanceof ClassSource type) {
      className = type.getClassName();
    }
    String parent =
        plan.getParent(test)
            .filter(p -> !isEngine(p))
            .map(TestIdentifier::getUniqueId)
            .orElse(null);
    return new RemoteEvent.Planned(
        test.getUniqueId(),
        parent,
        test.getDisplayName(),
        test.getLegacyReportingName(),
        test.isContainer(),
        test.isTest(),
        className,
        methodName,
        parameterTypes);
  }

  private static boolean isEngine(TestIdentifier test) {
    return test.getParentId().isEmpty();
  }

  private static Outcome outcome(TestExecutionResult result) {
    return switch (result.getStatus()) {
      case SUCCESSFUL -> Outcome.PASSED;
      case ABORTED -> Outcome.ABORTED;
      case FAILED -> Outcome.FAILED;
    };
  }
}
