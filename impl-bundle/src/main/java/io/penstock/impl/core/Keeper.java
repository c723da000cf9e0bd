// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.core;

import io.penstock.impl.engine.Waiter;

/** A waiter with a selector of its own, which keeps the descriptor of a closed channel at first. */
public interface Keeper extends Waiter {
  /** Has the selector let go of the end's channel, which is closed; waits no more than a moment. */
  void letGo();
}
