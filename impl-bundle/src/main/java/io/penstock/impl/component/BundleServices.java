// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.component;

import java.lang.System.Logger.Level;
import java.util.Map;
import org.osgi.framework.BundleContext;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.ServiceRegistration;

/** Registers services in the name of this bundle. */
final class BundleServices implements Registrar {
  private final BundleContext context;

  BundleServices(BundleContext context) {
    this.context = context;
  }

  @Override
  public Runnable register(Class<?> type, Object service, Map<String, Object> properties) {
    ServiceRegistration<?> registration;
    try {
      registration =
          context.registerService(type.getName(), service, FrameworkUtil.asDictionary(properties));
    } catch (IllegalStateException e) {
      Configured.LOG.log(Level.DEBUG, "the bundle has stopped before {0} was registered", service);
      return () -> {};
    }
    return () -> withdraw(registration);
  }

  private static void withdraw(ServiceRegistration<?> registration) {
    try {
      registration.unregister();
    } catch (IllegalStateException e) {
      // The framework withdraws what a stopping bundle has left.
      Configured.LOG.log(Level.DEBUG, "a service was withdrawn already", e);
    }
  }
}
