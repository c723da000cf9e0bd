// SPDX-License-Identifier: Apache-2.0
package io.penstock.itests.support;

import static org.junit.jupiter.api.Assertions.assertNull;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.ref.WeakReference;
import java.lang.reflect.Field;
import java.lang.runtime.ObjectMethods;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.wiring.BundleWiring;

/** Class loaders of bundles, which are to go with their revisions. */
public final class Loaders {

  private static final long PATIENCE = TimeUnit.SECONDS.toNanos(60);

  private Loaders() {}

  /** The class loader that a bundle has now. */
  public static WeakReference<ClassLoader> of(Bundle bundle) {
    return new WeakReference<>(bundle.adapt(BundleWiring.class).getClassLoader());
  }

  /** Stands for the record that was compared last, and for the type of what it has. */
  private record Compared(@Nullable Compared other) {}

  /**
   * Has the JDK let go of a bundle's record. Up to Java 18 it keeps the class of the record, of all
   * in the JVM, whose {@code equals} or {@code hashCode} was linked last; after that, softly, the
   * type of its last component.
   */
  public static void forgetRecords() {
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      MethodHandle other =
          lookup.findVirtual(Compared.class, "other", MethodType.methodType(Compared.class));
      for (String method : List.of("equals", "hashCode", "toString")) {
        Object unused =
            ObjectMethods.bootstrap(
                lookup, method, MethodHandle.class, Compared.class, "other", other);
      }
    } catch (Throwable impossible) { // as the method declares
      throw new AssertionError(impossible);
    }
  }

  /**
   * Has Felix let go of threads that have ended. When several threads load a class at once, Felix
   * may keep one of them for good; from Java 19 on a thread that has ended still has its task, and
   * by it the class loader of the bundle that made the thread.
   */
  public static void forgetLoadingThreads(BundleContext context) {
    for (Bundle bundle : context.getBundles()) {
      BundleWiring wiring = bundle.adapt(BundleWiring.class);
      ClassLoader loader = wiring == null ? null : wiring.getClassLoader();
      for (Class<?> type = loader == null ? null : loader.getClass();
          type != null && type != ClassLoader.class;
          type = type.getSuperclass()) {
        for (Field field : type.getDeclaredFields()) {
          if (field.getName().equals("m_classLocks")) {
            forgetEnded(field, loader);
          }
        }
      }
    }
  }

  private static void forgetEnded(Field field, ClassLoader loader) {
    try {
      field.setAccessible(true);
      ((Map<?, ?>) field.get(loader))
          .values()
          .removeIf(holder -> holder instanceof Thread thread && !thread.isAlive());
    } catch (IllegalAccessException impossible) {
      throw new AssertionError(impossible);
    }
  }

  /** Returns once the garbage collector has taken it. */
  public static void awaitCollected(BundleContext context, WeakReference<ClassLoader> loader)
      throws InterruptedException {
    forgetRecords();
    forgetLoadingThreads(context);
    long end = System.nanoTime() + PATIENCE;
    while (loader.get() != null && System.nanoTime() < end) {
      System.gc();
      // Cleaners have work between two collections.
      new CountDownLatch(1).await(250, TimeUnit.MILLISECONDS);
    }
    assertNull(
        loader.get(),
        () ->
            "the class loader is still reachable; threads: " + Thread.getAllStackTraces().keySet());
  }
}
