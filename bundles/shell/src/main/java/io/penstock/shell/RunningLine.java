// SPDX-License-Identifier: Apache-2.0
package io.penstock.shell;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Job;

/**
 * The line that a session runs. An interrupt is one of the line, whichever of its commands runs at
 * that moment, or none: it is left. Safe for use by any thread.
 */
final class RunningLine {
  /** Leaves a line; what is no error is caught before each command. */
  private static final class Interrupted extends Error {
    private static final long serialVersionUID = 1L;

    Interrupted() {
      super("the line was left", null, false, false);
    }
  }

  /** Jobs of which a command has entered. */
  private final Set<Job> begun = ConcurrentHashMap.newKeySet();

  private volatile boolean interrupted;

  /** The next line is being read. */
  void begin() {
    interrupted = false;
    begun.removeIf(job -> job.status() == Job.Status.Done);
  }

  /** Whether it is to be left. */
  boolean isInterrupted() {
    return interrupted;
  }

  /** Leaves it. */
  void interrupt(CommandSession session) {
    interrupted = true;
    Job job = session.foregroundJob();
    // One that is interrupted before it has begun would never be over.
    if (job != null && begun.contains(job)) {
      job.interrupt();
    }
  }

  /** A command of it is about to run, on its own thread. */
  void enter() {
    Job job = Job.Utils.current();
    if (job != null && job.status() == Job.Status.Foreground) {
      begun.add(job);
      if (interrupted) {
        throw new Interrupted();
      }
    }
  }
}
