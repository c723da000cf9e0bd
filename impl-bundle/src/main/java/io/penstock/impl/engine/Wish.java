// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.engine;

import org.jspecify.annotations.Nullable;

/**
 * A waiter's wish to be woken once when a channel is ready. A user that waits over and over keeps
 * one: it may be used again as soon as its waiter was woken.
 */
public final class Wish {
  final Waiter waiter;

  /** The operations that the waiter waits for; set before each wait. */
  int ops;

  /** How often the reactor has asked the system anew for the channel. */
  int rounds;

  /** When the reactor asks anew next. */
  long due;

  /** Whether it is in the list of a key. */
  boolean listed;

  /** The next wish in the list of the same key. */
  @Nullable Wish next;

  /** The waiter waits for nothing yet. */
  public Wish(Waiter waiter) {
    this.waiter = waiter;
  }
}
