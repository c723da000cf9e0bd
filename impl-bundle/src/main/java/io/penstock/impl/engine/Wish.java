// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.engine;

import org.jspecify.annotations.Nullable;

/**
 * A waiter's wish to be woken once when a channel is ready. Who waits over and over keeps one: it
 * may be used again as soon as its waiter was woken.
 */
public final class Wish {
  final Waiter waiter;

  /** For what; set before each wait. */
  int ops;

  /** How often the system was asked anew for the channel. */
  int rounds;

  /** When it is asked anew next. */
  long due;

  /** Another one for the same channel. */
  @Nullable Wish next;

  /** Nothing is waited for yet. */
  public Wish(Waiter waiter) {
    this.waiter = waiter;
  }
}
