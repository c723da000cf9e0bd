// SPDX-License-Identifier: Apache-2.0
package io.penstock.itests.storm;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadInfo;
import java.lang.management.ThreadMXBean;
import java.util.concurrent.atomic.AtomicReference;

/** The first fault that a storm has found; the others may come of it. */
final class Faults {

  /** What went wrong. */
  enum Kind {
    /** A byte is not the one that was written, or was not written at all. */
    BYTES,
    /** A failure has no type of {@code io.penstock.error}. */
    UNTYPED,
    /** Something that must go on does not. */
    HANG,
    /** Threads wait for each other's locks. */
    DEADLOCK,
    /** A stream was cut that the step had nothing to do with. */
    DROPPED,
    /** A value that is not allowed was not refused, or has changed something. */
    VALUE,
    /** Something is left of what has gone. */
    LEFT,
    /** The storm itself failed. */
    STORM
  }

  /** A fault, thrown in the thread that plays the steps. */
  static final class Found extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final Kind kind;

    Found(Kind kind, String message, Throwable cause) {
      super(kind + ": " + message, cause);
      this.kind = kind;
    }

    Kind kind() {
      return kind;
    }
  }

  private final AtomicReference<Found> first = new AtomicReference<>();

  void report(Kind kind, String message, Throwable cause) {
    Found fault = new Found(kind, message, cause);
    if (first.compareAndSet(null, fault) && (kind == Kind.HANG || kind == Kind.DEADLOCK)) {
      System.out.println(fault.getMessage() + "\n" + dump());
    }
  }

  Found found() {
    return first.get();
  }

  /** Throws what was found. */
  void check() {
    Found fault = first.get();
    if (fault != null) {
      throw fault;
    }
  }

  /** Looks for threads that wait for each other. */
  void lookForDeadlock() {
    ThreadMXBean threads = ManagementFactory.getThreadMXBean();
    long[] dead = threads.findDeadlockedThreads();
    if (dead == null) {
      return;
    }
    StringBuilder who = new StringBuilder();
    for (ThreadInfo info : threads.getThreadInfo(dead)) {
      if (info != null) {
        who.append(info.getThreadName()).append(" waits for ").append(info.getLockOwnerName());
        who.append("; ");
      }
    }
    report(Kind.DEADLOCK, who.toString(), null);
  }

  private static String dump() {
    StringBuilder dump = new StringBuilder();
    Thread.getAllStackTraces()
        .forEach(
            (thread, stack) -> {
              dump.append(thread.getName()).append(' ').append(thread.getState()).append('\n');
              for (StackTraceElement frame : stack) {
                dump.append("    ").append(frame).append('\n');
              }
            });
    return dump.toString();
  }
}
