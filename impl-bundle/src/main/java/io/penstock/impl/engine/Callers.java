// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.engine;

import org.jspecify.annotations.Nullable;

/**
 * Knows on whose behalf a thread calls handlers. What is noted is taken back when the call is over,
 * so that threads of others keep nothing of ours.
 */
public final class Callers {
  private static final ThreadLocal<@Nullable Caller> CALLER = new ThreadLocal<>();

  private Callers() {}

  /**
   * Notes which poller calls handlers on this thread.
   *
   * @param now null for none
   * @return the one that did before
   */
  public static @Nullable Caller calledBy(@Nullable Caller now) {
    Caller before = CALLER.get();
    // Not removed: that would make garbage at each poll. What stays in the thread is a weak
    // reference, and no value.
    CALLER.set(now);
    return before;
  }

  /**
   * Tells the poller that calls handlers on this thread that the thread is about to wait.
   *
   * @param name of what it waits for
   */
  public static void waits(String name) {
    Caller whose = CALLER.get();
    if (whose != null) {
      whose.waits(name);
    }
  }
}
