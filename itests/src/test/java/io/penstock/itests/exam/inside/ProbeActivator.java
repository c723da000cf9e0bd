// SPDX-License-Identifier: Apache-2.0
package io.penstock.itests.exam.inside;

import java.util.Hashtable;
import org.ops4j.pax.exam.ProbeInvokerFactory;
import org.osgi.framework.BundleActivator;
import org.osgi.framework.BundleContext;

/** The activator of the bundle that holds the tests: offers Pax Exam a way to run them. */
public final class ProbeActivator implements BundleActivator {

  /** What Pax Exam calls our way of running tests. */
  public static final String DRIVER = "junit5";

  /** The header of the bundle that says on which loopback port the host listens for events. */
  public static final String PORT_HEADER = "Penstock-Events-Port";

  @Override
  public void start(BundleContext context) {
    Hashtable<String, Object> properties = new Hashtable<>();
    properties.put("driver", DRIVER);
    ProbeInvokerFactory factory =
        (Object probe, String instruction) ->
            new ClassInvoker((BundleContext) probe, instruction.split(";", 2)[0]);
    context.registerService(ProbeInvokerFactory.class, factory, properties);
  }

  @Override
  public void stop(BundleContext context) {
    // The framework takes the service away together with the bundle.
  }
}
