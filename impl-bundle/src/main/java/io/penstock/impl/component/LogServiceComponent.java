// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.component;

import io.penstock.spi.LogOutlet;
import io.penstock.spi.Messages;
import java.lang.System.Logger.Level;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.BundleContext;
import org.osgi.framework.ServiceReference;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.util.tracker.ServiceTracker;
import org.osgi.util.tracker.ServiceTrackerCustomizer;

/**
 * Has the OSGi Log Service get the product's lines while it is there. It is found by its name: a
 * reference of the component would be a requirement, and resolvers would insist on the service.
 */
@Component(
    name = "io.penstock.log",
    service = {},
    immediate = true)
public final class LogServiceComponent implements ServiceTrackerCustomizer<Object, LogOutlet> {
  private static final String FACTORY = "org.osgi.service.log.LoggerFactory";
  private static final String WISH = "io.penstock.log";
  private static final String SYSTEM = "system";

  private final BundleContext context;
  private final ServiceTracker<Object, LogOutlet> tracker;
  private final ReentrantLock lock = new ReentrantLock();

  /** The last one gets the lines. Guarded by the lock. */
  private final Deque<LogOutlet> outlets = new ArrayDeque<>();

  private Runnable takeBack = () -> {};

  /**
   * Lines go to the service from now on, unless the property {@code io.penstock.log} of the
   * framework or the system is {@code system}.
   *
   * @param context of this bundle
   */
  @Activate
  public LogServiceComponent(BundleContext context) {
    this.context = context;
    this.tracker = new ServiceTracker<>(context, FACTORY, this);
    if (!SYSTEM.equals(context.getProperty(WISH))) {
      tracker.open();
    }
  }

  /** Lines go to the system's loggers again. */
  @Deactivate
  void deactivate() {
    tracker.close();
  }

  @Override
  public @Nullable LogOutlet addingService(ServiceReference<Object> reference) {
    Object service = context.getService(reference);
    if (service == null) {
      return null;
    }
    LogOutlet outlet;
    try {
      outlet = new LogServiceOutlet(service);
    } catch (LinkageError | ClassCastException e) {
      Configured.LOG.log(Level.DEBUG, "a log service of another version is not used", e);
      context.ungetService(reference);
      return null;
    }
    lock.lock();
    try {
      outlets.add(outlet);
      use(outlet);
    } finally {
      lock.unlock();
    }
    return outlet;
  }

  @Override
  public void modifiedService(ServiceReference<Object> reference, LogOutlet outlet) {}

  @Override
  public void removedService(ServiceReference<Object> reference, LogOutlet outlet) {
    lock.lock();
    try {
      outlets.remove(outlet);
      use(outlets.peekLast());
    } finally {
      lock.unlock();
    }
    context.ungetService(reference);
  }

  private void use(@Nullable LogOutlet outlet) {
    takeBack.run();
    takeBack = outlet == null ? () -> {} : Messages.outlet(outlet);
  }
}
