// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.engine;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.Method;
import java.util.Optional;
import java.util.concurrent.Executor;

/** Tells virtual threads apart, which Java 17 does not have. */
final class VirtualThreads {
  private static final MethodHandle IS_VIRTUAL = find();

  private VirtualThreads() {}

  private static MethodHandle find() {
    MethodType type = MethodType.methodType(boolean.class);
    try {
      return MethodHandles.publicLookup().findVirtual(Thread.class, "isVirtual", type);
    } catch (NoSuchMethodException | IllegalAccessException e) {
      return MethodHandles.dropArguments(
          MethodHandles.constant(boolean.class, false), 0, Thread.class);
    }
  }

  /**
   * Runs each task on a virtual thread of its own, where Java has them without a preview.
   *
   * @param name of the threads
   */
  static Optional<Executor> perTask(String name) {
    if (Runtime.version().feature() < 21) {
      return Optional.empty();
    }
    try {
      Class<?> builder = Class.forName("java.lang.Thread$Builder");
      Method ofVirtual = Thread.class.getMethod("ofVirtual");
      Method named = builder.getMethod("name", String.class);
      Method unstarted = builder.getMethod("unstarted", Runnable.class);
      return Optional.of(
          task -> {
            try {
              Thread thread =
                  (Thread) unstarted.invoke(named.invoke(ofVirtual.invoke(null), name), task);
              thread.setContextClassLoader(ClassLoader.getSystemClassLoader());
              thread.start();
            } catch (ReflectiveOperationException e) {
              throw new LinkageError("a virtual thread cannot be made", e);
            }
          });
    } catch (ReflectiveOperationException e) {
      throw new LinkageError("virtual threads cannot be found", e);
    }
  }

  /**
   * Whether the calling thread is virtual, so that waiting in the system would hold its carrier.
   */
  static boolean isCurrent() {
    try {
      return (boolean) IS_VIRTUAL.invokeExact(Thread.currentThread());
    } catch (Throwable e) {
      throw new LinkageError("Thread.isVirtual cannot be called", e);
    }
  }
}
