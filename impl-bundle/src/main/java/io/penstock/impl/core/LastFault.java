// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.core;

import io.penstock.error.BrokenPipeException;
import io.penstock.error.ConnectionResetException;
import io.penstock.impl.engine.Faults;
import org.jspecify.annotations.Nullable;

/**
 * What failed last, for whoever asks.
 *
 * @param cause why
 * @param at when, in milliseconds since 1970
 * @param count how many failures there have been
 * @param operations how many had moved bytes before; 0 where they are not counted
 */
public record LastFault(Throwable cause, long at, long count, long operations) {
  /** One failure more. */
  public static LastFault after(@Nullable LastFault before, Throwable cause) {
    return after(before, cause, 0);
  }

  static LastFault after(@Nullable LastFault before, Throwable cause, long operations) {
    long count = before == null ? 1 : before.count + 1;
    return new LastFault(cause, System.currentTimeMillis(), count, operations);
  }

  /**
   * Whether a failure is this one, met again by another call: a connection that is lost stays lost
   * as long as nothing moves.
   */
  boolean isMetAgain(Throwable by, long operationsNow) {
    Throwable met = Faults.unwrap(by);
    return (met instanceof ConnectionResetException || met instanceof BrokenPipeException)
        && met.getClass() == Faults.unwrap(cause).getClass()
        && operations == operationsNow;
  }
}
