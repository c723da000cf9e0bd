// SPDX-License-Identifier: Apache-2.0
package io.penstock.testing.junit;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.ForkJoinWorkerThread;
import java.util.concurrent.TimeUnit;

/** The platform threads that are there before a test. */
final class ThreadCensus {
  /** Threads of a group that is the program's, which others start when they are first needed. */
  private static final List<String> KNOWN =
      List.of(
          "junit-",
          "surefire-",
          "CompletableFutureDelayScheduler",
          "ForkJoinPool.commonPool",
          "JNA Cleaner",
          "process reaper",
          "Keep-Alive-Timer");

  private final Set<Thread> before = Collections.newSetFromMap(new IdentityHashMap<>());

  ThreadCensus() {
    before.addAll(all());
  }

  private static List<Thread> all() {
    ThreadGroup root = Thread.currentThread().getThreadGroup();
    while (root.getParent() != null) {
      root = root.getParent();
    }
    Thread[] found = new Thread[root.activeCount() + 16];
    int count = root.enumerate(found, true);
    while (count == found.length) {
      found = new Thread[2 * found.length];
      count = root.enumerate(found, true);
    }
    return Arrays.asList(found).subList(0, count);
  }

  /** Whether it belongs to the virtual machine or to JUnit, and stays when it has come once. */
  private static boolean known(Thread thread) {
    ThreadGroup group = thread.getThreadGroup();
    if (group == null
        || group.getParent() == null
        || group.getName().equals("InnocuousThreadGroup")
        || thread.getClass().getName().startsWith("jdk.internal.")) {
      return true;
    }
    if (thread instanceof ForkJoinWorkerThread worker
        && worker.getPool() == ForkJoinPool.commonPool()) {
      return true;
    }
    return KNOWN.stream().anyMatch(thread.getName()::startsWith);
  }

  /**
   * Waits for the threads that have come since to end.
   *
   * @param deadline as {@link System#nanoTime} tells the time
   * @return those that have not ended by then, each with the stack where it stands
   */
  List<Throwable> left(long deadline) throws InterruptedException {
    List<Throwable> left = new ArrayList<>();
    for (Thread thread : all()) {
      if (before.contains(thread) || known(thread) || thread == Thread.currentThread()) {
        continue;
      }
      long nanos = deadline - System.nanoTime();
      // At least a moment for each: one that does not end may have used up the time.
      thread.join(Math.max(1, TimeUnit.NANOSECONDS.toMillis(nanos)));
      StackTraceElement[] stack = thread.getStackTrace();
      if (thread.isAlive() && stack.length > 0) {
        left.add(new Left(thread, stack));
      }
    }
    return left;
  }

  /** A thread, and where it stands. */
  private static final class Left extends Throwable {
    private static final long serialVersionUID = 1L;

    Left(Thread thread, StackTraceElement[] stack) {
      super(
          "thread '"
              + thread.getName()
              + "' ("
              + thread.getState()
              + ") has not ended; it began in "
              + stack[begin(stack)]);
      setStackTrace(stack);
    }

    /** The outermost frame that is not the JDK's. */
    private static int begin(StackTraceElement[] stack) {
      for (int i = stack.length - 1; i >= 0; i--) {
        if (!stack[i].getClassName().startsWith("java.")) {
          return i;
        }
      }
      return stack.length - 1;
    }
  }
}
