// SPDX-License-Identifier: Apache-2.0
package io.penstock.shell;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Job;

/**
 * The line of commands that a session runs. An interrupt ends the whole line, whichever of its
 * commands runs at that moment, and also between two of them. Safe for use by any thread.
 */
final class RunningLine {
  /** Leaves a line; what is no error is caught before each command. */
  private static final class Interrupted extends Error {
    private static final long serialVersionUID = 1L;

    Interrupted() {
      super("the line was left", null, false, false);
    }
  }

  /** Jobs with a command that has begun. */
  private final Set<Job> begun = ConcurrentHashMap.newKeySet();

  private volatile boolean interrupted;

  /** The next line is being read. */
  void begin() {
    interrupted = false;
    begun.removeIf(job -> job.status() == Job.Status.Done);
  }

  /** Whether the line was interrupted. */
  boolean isInterrupted() {
    return interrupted;
  }

  /** Interrupts the line. */
  void interrupt(CommandSession session) {
    interrupted = true;
    Job job = session.foregroundJob();
    // A job that is interrupted before it has begun would never be over.
    if (job != null && begun.contains(job)) {
      job.interrupt();
    }
  }

  /** A command of the line is about to run, on its own thread. */
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
