// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.component;

import io.penstock.channel.Channel;
import java.lang.System.Logger.Level;
import java.util.Map;
import java.util.Objects;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.ServiceRegistration;

/** Registers services in the name of this bundle. */
final class BundleServices implements Registrar {
  private static final String CONDITION = "org.osgi.service.condition.Condition";

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

  @Override
  public Runnable registerWith(
      String condition, Class<?> type, Object service, Map<String, Object> properties) {
    Runnable withdrawService = register(type, service, properties);
    Class<?> conditions;
    Object instance;
    try {
      // From the framework itself, which may have the type, and conditions, without exporting it.
      conditions = context.getBundle(Constants.SYSTEM_BUNDLE_LOCATION).loadClass(CONDITION);
      instance = conditions.getField("INSTANCE").get(null);
    } catch (ReflectiveOperationException | LinkageError e) {
      Configured.LOG.log(Level.DEBUG, "this framework has no conditions", e);
      return withdrawService;
    }
    Object name = Objects.requireNonNull(properties.get(Channel.NAME), Channel.NAME);
    Runnable withdrawCondition =
        register(conditions, instance, Map.of("osgi.condition.id", condition, Channel.NAME, name));
    return () -> {
      withdrawCondition.run();
      withdrawService.run();
    };
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
