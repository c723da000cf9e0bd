// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.core;

import org.jspecify.annotations.Nullable;

/**
 * What failed last, for whoever asks.
 *
 * @param cause why
 * @param at when, in milliseconds since 1970
 * @param count how many failures there have been
 */
public record LastFault(Throwable cause, long at, long count) {
  /** One failure more. */
  public static LastFault after(@Nullable LastFault before, Throwable cause) {
    return new LastFault(cause, System.currentTimeMillis(), before == null ? 1 : before.count + 1);
  }
}
