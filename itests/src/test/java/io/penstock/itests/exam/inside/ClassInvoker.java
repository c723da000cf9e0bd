// SPDX-License-Identifier: Apache-2.0
package io.penstock.itests.exam.inside;

import io.penstock.itests.exam.RemoteEvent;
import io.penstock.itests.exam.RemoteFailure;
import java.io.IOException;
import java.io.UncheckedIOException;
import org.junit.jupiter.engine.JupiterTestEngine;
import org.junit.platform.engine.discovery.DiscoverySelectors;
import org.junit.platform.launcher.Launcher;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.core.LauncherConfig;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.ops4j.pax.exam.ProbeInvoker;
import org.osgi.framework.BundleContext;

/**
 * Runs one test class with Jupiter inside the container. Public, because forked containers call it
 * by reflection.
 */
public final class ClassInvoker implements ProbeInvoker {

  private final BundleContext probe;
  private final String className;

  ClassInvoker(BundleContext probe, String className) {
    this.probe = probe;
    this.className = className;
  }

  @Override
  public void call(Object... arguments) {
    Thread thread = Thread.currentThread();
    ClassLoader before = thread.getContextClassLoader();
    thread.setContextClassLoader(ClassInvoker.class.getClassLoader());
    String port = probe.getBundle().getHeaders().get(ProbeActivator.PORT_HEADER);
    try (EventSender events = new EventSender(Integer.parseInt(port))) {
      try {
        run(events);
      } catch (Exception | LinkageError problem) {
        events.send(new RemoteEvent.Broken(RemoteFailure.of(problem)));
      }
      events.send(new RemoteEvent.Done());
    } catch (IOException problem) {
      throw new UncheckedIOException("the host does not take the events", problem);
    } finally {
      thread.setContextClassLoader(before);
    }
  }

  private void run(EventSender events) throws ClassNotFoundException {
    Class<?> testClass = probe.getBundle().loadClass(className);
    // Nothing is looked up through the class loader of the thread: there is only this bundle's.
    LauncherConfig config =
        LauncherConfig.builder()
            .enableTestEngineAutoRegistration(false)
            .enableLauncherSessionListenerAutoRegistration(false)
            .enableLauncherDiscoveryListenerAutoRegistration(false)
            .enablePostDiscoveryFilterAutoRegistration(false)
            .enableTestExecutionListenerAutoRegistration(false)
            .addTestEngines(new JupiterTestEngine())
            .build();
    LauncherDiscoveryRequest request =
        LauncherDiscoveryRequestBuilder.request()
            .selectors(DiscoverySelectors.selectClass(testClass))
            // A test that hangs is a failure with a name, not a build that never ends.
            .configurationParameter("junit.jupiter.execution.timeout.default", "2 m")
            .configurationParameter("junit.jupiter.execution.timeout.mode", "disabled_on_debug")
            .build();
    Launcher launcher = LauncherFactory.create(config);
    launcher.execute(request, events);
  }
}
