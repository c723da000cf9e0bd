// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.component;

import io.penstock.spi.Messages;
import java.lang.System.Logger.Level;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.ServiceReference;
import org.osgi.framework.ServiceRegistration;
import org.osgi.util.tracker.ServiceTracker;
import org.osgi.util.tracker.ServiceTrackerCustomizer;

/**
 * Warns once of each configuration whose PID begins as ours do and that nothing takes.
 *
 * <p>Without a Configuration Admin there are no configurations. So its classes are those of the
 * bundle that offers it, found by name: this bundle does not import them, and works without them.
 */
final class StrayConfigurations
    implements ServiceTrackerCustomizer<Object, ServiceRegistration<?>>, AutoCloseable {
  /** What takes configurations, here and in the other bundles of the product. */
  static final List<String> KNOWN =
      List.of(
          PipeComponent.PID,
          ChannelComponent.PID,
          ListenerComponent.PID,
          RelayComponent.PID,
          "io.penstock.Control",
          "io.penstock.Page",
          "io.penstock.Remote",
          "io.penstock.Shell",
          "io.penstock.Health.default",
          "io.penstock.Metrics.default",
          PollerComponent.PID,
          MemoryComponent.PID);

  private static final String PREFIX = "io.penstock.";
  private static final String CM = "org.osgi.service.cm.";
  private static final int DELETED = 2;

  private final BundleContext context;
  private final Set<String> told = ConcurrentHashMap.newKeySet();
  private final ServiceTracker<Object, ServiceRegistration<?>> tracker;

  /** Watches until it is closed. */
  StrayConfigurations(BundleContext context) {
    this.context = context;
    this.tracker = new ServiceTracker<>(context, CM + "ConfigurationAdmin", this);
  }

  void open() {
    tracker.open();
  }

  @Override
  public void close() {
    tracker.close();
  }

  @Override
  public @Nullable ServiceRegistration<?> addingService(ServiceReference<Object> reference) {
    Object admin = context.getService(reference);
    Bundle owner = reference.getBundle();
    if (admin == null || owner == null) {
      return null;
    }
    try {
      // Synchronous, because the thread of the others keeps the last of them after it has gone.
      Class<?> listener = owner.loadClass(CM + "SynchronousConfigurationListener");
      Class<?> event = owner.loadClass(CM + "ConfigurationEvent");
      InvocationHandler handler =
          (proxy, method, arguments) ->
              switch (method.getName()) {
                case "hashCode" -> System.identityHashCode(proxy);
                case "equals" -> proxy == arguments[0];
                case "toString" -> "the configurations that nothing takes";
                default -> {
                  changed(event, arguments[0]);
                  yield null;
                }
              };
      Object proxy =
          Proxy.newProxyInstance(listener.getClassLoader(), new Class<?>[] {listener}, handler);
      ServiceRegistration<?> registration =
          context.registerService(listener.getName(), proxy, null);
      lookThrough(owner, admin);
      return registration;
    } catch (ReflectiveOperationException | LinkageError | RuntimeException e) {
      Configured.LOG.log(Level.DEBUG, "configurations cannot be looked through", e);
      return null;
    }
  }

  /** What was configured before this bundle began. */
  private void lookThrough(Bundle owner, Object admin) throws ReflectiveOperationException {
    Class<?> configuration = owner.loadClass(CM + "Configuration");
    Object[] all =
        (Object[])
            owner
                .loadClass(CM + "ConfigurationAdmin")
                .getMethod("listConfigurations", String.class)
                .invoke(admin, "(service.pid=" + PREFIX + "*)");
    if (all != null) {
      for (Object each : all) {
        look(
            (String) configuration.getMethod("getPid").invoke(each),
            (String) configuration.getMethod("getFactoryPid").invoke(each));
      }
    }
  }

  private void changed(Class<?> event, Object what) throws ReflectiveOperationException {
    String pid = (String) event.getMethod("getPid").invoke(what);
    if (event.getMethod("getType").invoke(what).equals(DELETED)) {
      told.remove(pid);
    } else {
      look(pid, (String) event.getMethod("getFactoryPid").invoke(what));
    }
  }

  private void look(String pid, @Nullable String factory) {
    String own = factory == null ? pid : factory;
    if (own.startsWith(PREFIX) && !KNOWN.contains(own) && told.add(pid)) {
      Configured.LOG.log(Level.WARNING, warning(pid, own));
    }
  }

  /** What to say of a PID that is not known. */
  static String warning(String pid, String own) {
    // Without its last part, which is too much to be a mistake in writing.
    String meant =
        KNOWN.stream()
            .filter(known -> known.startsWith(own + "."))
            .findFirst()
            .map(known -> Messages.didYouMean(known, List.of(known)))
            .orElseGet(() -> Messages.didYouMean(own, KNOWN));
    return pid
        + ": nothing takes configurations of "
        + own
        + (meant.isEmpty() ? "; known are " + String.join(", ", KNOWN) : meant);
  }

  @Override
  public void modifiedService(
      ServiceReference<Object> reference, ServiceRegistration<?> registration) {}

  @Override
  public void removedService(
      ServiceReference<Object> reference, ServiceRegistration<?> registration) {
    try {
      registration.unregister();
    } catch (IllegalStateException e) {
      Configured.LOG.log(Level.DEBUG, "the framework was quicker", e);
    }
    context.ungetService(reference);
  }
}
