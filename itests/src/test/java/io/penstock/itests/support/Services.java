// SPDX-License-Identifier: Apache-2.0
package io.penstock.itests.support;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Filter;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.framework.ServiceReference;
import org.osgi.util.tracker.ServiceTracker;

/** Waits for services to come, change and go, by their events and never by looking again. */
public final class Services {

  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private Services() {}

  /** The service with that name, of the bundle of the tests, once it is there. */
  public static <T> T named(BundleContext context, Class<T> type, String name) {
    return context.getService(reference(context, type, byName(name), any()));
  }

  /** The first service that matches, once it is there. */
  public static <T> T any(BundleContext context, Class<T> type, String filter) {
    return context.getService(reference(context, type, filter, any()));
  }

  /** Returns once there is a service of any type that matches. */
  public static void await(BundleContext context, String filter) {
    Awaited<Object> awaited = new Awaited<>(context, filter(filter), any());
    awaited.open();
    try {
      assertTrue(await(awaited.found), () -> "no service " + filter + " within " + PATIENCE);
    } finally {
      awaited.close();
    }
  }

  /** The service with that name once it is another one than {@code old}. */
  public static <T> T fresh(BundleContext context, Class<T> type, String name, T old) {
    return context.getService(
        reference(
            context,
            type,
            byName(name),
            candidate -> {
              // The old one may go between these two lines, and then there is no service at all.
              T found = context.getService(candidate);
              return found != null && found != old;
            }));
  }

  /** A reference to a service that matches the filter and the condition, once there is one. */
  public static <T> ServiceReference<T> reference(
      BundleContext context,
      Class<T> type,
      String filter,
      Predicate<ServiceReference<T>> condition) {
    Awaited<T> awaited = new Awaited<>(context, filter(type, filter), condition);
    awaited.open();
    try {
      assertTrue(
          await(awaited.found),
          () -> "no service " + type.getName() + filter + " within " + PATIENCE);
      return awaited.reference;
    } finally {
      awaited.close();
    }
  }

  /** Returns once no service of a type with that name is left. */
  public static void awaitGone(BundleContext context, Class<?> type, String name) {
    awaitGone(context, filter(type, byName(name)));
  }

  /** Returns once no service of any type with that name is left. */
  public static void awaitGone(BundleContext context, String name) {
    awaitGone(context, filter(byName(name)));
  }

  private static void awaitGone(BundleContext context, Filter filter) {
    CountDownLatch gone = new CountDownLatch(1);
    ServiceTracker<Object, ServiceReference<Object>> tracker =
        new ServiceTracker<>(context, filter, null) {
          @Override
          public ServiceReference<Object> addingService(ServiceReference<Object> reference) {
            return reference;
          }

          @Override
          public void removedService(
              ServiceReference<Object> reference, ServiceReference<Object> same) {
            if (size() == 0) {
              gone.countDown();
            }
          }
        };
    tracker.open();
    try {
      assertTrue(
          tracker.size() == 0 || await(gone),
          () -> "a service " + filter + " is still there after " + PATIENCE);
    } finally {
      tracker.close();
    }
  }

  /** A filter for the property {@code penstock.name}. */
  public static String byName(String name) {
    return "(penstock.name=" + name + ")";
  }

  private static <T> Predicate<ServiceReference<T>> any() {
    return reference -> true;
  }

  private static boolean await(CountDownLatch latch) {
    try {
      return latch.await(PATIENCE.toNanos(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException interrupt) {
      Thread.currentThread().interrupt();
      throw new AssertionError("interrupted", interrupt);
    }
  }

  private static Filter filter(Class<?> type, String filter) {
    return filter("(&(objectClass=" + type.getName() + ")" + filter + ")");
  }

  private static Filter filter(String filter) {
    try {
      return FrameworkUtil.createFilter(filter);
    } catch (InvalidSyntaxException problem) {
      throw new IllegalArgumentException(filter, problem);
    }
  }

  /** Notes the first reference that holds the condition, when it comes or when it changes. */
  private static final class Awaited<T> extends ServiceTracker<T, ServiceReference<T>> {

    private final CountDownLatch found = new CountDownLatch(1);
    private final Predicate<ServiceReference<T>> condition;
    private volatile ServiceReference<T> reference;

    Awaited(BundleContext context, Filter filter, Predicate<ServiceReference<T>> condition) {
      super(context, filter, null);
      this.condition = condition;
    }

    @Override
    public ServiceReference<T> addingService(ServiceReference<T> candidate) {
      consider(candidate);
      return candidate;
    }

    @Override
    public void modifiedService(ServiceReference<T> candidate, ServiceReference<T> same) {
      consider(candidate);
    }

    private void consider(ServiceReference<T> candidate) {
      if (found.getCount() != 0 && condition.test(candidate)) {
        reference = candidate;
        found.countDown();
      }
    }
  }
}
