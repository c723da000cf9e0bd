// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.process;

import io.penstock.impl.posix.Posix;
import java.util.concurrent.CompletableFuture;

/** A child that runs, or has run, however it was started. Safe for use by any thread. */
interface Running {
  /** Its number. */
  long pid();

  /** Whether it has not exited. */
  boolean isAlive();

  /** Completes with its status when it exits; that of a signal n is 128 + n, as shells have it. */
  CompletableFuture<Integer> exit();

  /** Asks it to end. */
  void terminate();

  /** Ends it. */
  void kill();

  /**
   * Sends a signal.
   *
   * @param calls makes native calls
   * @param number of the signal
   * @param group whether to send it to the group of processes that it leads
   * @return 0, or {@code -errno}
   */
  int signal(Posix calls, int number, boolean group);
}
