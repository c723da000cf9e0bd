// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.buffer;

import java.util.function.Predicate;

/** A source driver that can go on at another place. */
public interface Rewinding {
  /**
   * Gives it the way to do so.
   *
   * @param rewinder runs a task with the turn to read, and forgets what is in front of the driver;
   *     false, and nothing was done, if another caller has the turn
   */
  void rewindsBy(Predicate<Runnable> rewinder);
}
