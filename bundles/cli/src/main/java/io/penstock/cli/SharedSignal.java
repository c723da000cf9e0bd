// SPDX-License-Identifier: Apache-2.0
package io.penstock.cli;

import io.penstock.error.ExitException;
import java.util.Set;

/**
 * A signal that goes to this program and to its children: Control-C, the end of a terminal, the
 * stop of a group of processes. That it has ended a child may be known before it has reached this
 * program, and is no failure then.
 */
final class SharedSignal {
  /** How long such a signal may take to reach this program. */
  static final long GRACE_MILLIS = 1000;

  /** Exit statuses that stand for SIGHUP, SIGINT and SIGTERM. */
  private static final Set<Integer> STATUSES = Set.of(129, 130, 143);

  private SharedSignal() {}

  /**
   * Whether a relay may have failed because this program is about to end.
   *
   * @param failure of the relay
   * @return true when a child was ended by one of those signals
   */
  static boolean mayExplain(Throwable failure) {
    return failure.getCause() instanceof ExitException exit && STATUSES.contains(exit.status());
  }
}
