// SPDX-License-Identifier: Apache-2.0
package io.penstock.testing.contract;

import java.lang.reflect.Method;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** Platform and virtual threads alike, on a baseline that knows only the former. */
final class Threads {
  private static final @Nullable Method OF_VIRTUAL = find(Thread.class, "ofVirtual");
  private static final @Nullable Method IS_VIRTUAL = find(Thread.class, "isVirtual");

  private Threads() {}

  private static @Nullable Method find(Class<?> type, String name) {
    try {
      Method method = type.getMethod(name);
      // On JDK 19 and 20 they are there only as a preview.
      return Runtime.version().feature() >= 21 ? method : null;
    } catch (NoSuchMethodException e) {
      return null;
    }
  }

  static boolean haveVirtual() {
    return OF_VIRTUAL != null;
  }

  static boolean isVirtual(Thread thread) {
    try {
      return IS_VIRTUAL != null && (Boolean) IS_VIRTUAL.invoke(thread);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e);
    }
  }

  static Thread unstarted(boolean virtual, String name, Runnable body) {
    if (!virtual) {
      Thread thread = new Thread(body, name);
      thread.setDaemon(true);
      return thread;
    }
    if (OF_VIRTUAL == null) {
      throw new IllegalStateException("this JDK has no virtual threads");
    }
    try {
      Object builder = OF_VIRTUAL.invoke(null);
      Class<?> type = Class.forName("java.lang.Thread$Builder");
      builder = type.getMethod("name", String.class).invoke(builder, name);
      return (Thread) type.getMethod("unstarted", Runnable.class).invoke(builder, body);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Returns once a thread is really waiting, seen three times in a row. */
  static void awaitWaiting(Thread thread, Duration limit) {
    long deadline = System.nanoTime() + limit.toNanos();
    int seen = 0;
    while (seen < 3) {
      switch (thread.getState()) {
        case WAITING, TIMED_WAITING -> seen++;
        case TERMINATED ->
            throw new AssertionError(thread.getName() + " has ended instead of waiting");
        // A thread that waits in a selector counts as running.
        case RUNNABLE -> seen = selects(thread) ? seen + 1 : 0;
        default -> seen = 0;
      }
      if (System.nanoTime() - deadline > 0) {
        throw new AssertionError(
            thread.getName() + " is " + thread.getState() + " instead of waiting");
      }
      LockSupport.parkNanos(200_000);
    }
  }

  private static boolean selects(Thread thread) {
    StackTraceElement[] stack = thread.getStackTrace();
    return stack.length > 0
        && stack[0].isNativeMethod()
        && stack[0].getClassName().startsWith("sun.nio.ch.");
  }
}
