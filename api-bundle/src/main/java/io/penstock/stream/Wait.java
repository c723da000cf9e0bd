// SPDX-License-Identifier: Apache-2.0
package io.penstock.stream;

import java.time.Duration;
import java.util.Objects;
import org.osgi.annotation.versioning.ProviderType;

/**
 * How long a call may wait: for ever, up to a duration, until an instant, or not at all.
 *
 * <p>The clock is {@link System#nanoTime()}. A zero duration is <em>not</em> "not at all": a call
 * tries once and then times out, whereas with {@link #none()} it tries once and then reports
 * "nothing now". Data and the end of the stream always take precedence over the limit.
 *
 * <p>Immutable and safe for use by any thread. {@link #forever()} and {@link #none()} are shared
 * constants. Parity BP-09..12, PY-07, CH-48, CH-49.
 */
@ProviderType
public final class Wait {
  /** The four ways to wait. */
  @ProviderType
  public enum Kind {
    /** Without limit. */
    FOREVER,
    /** Not at all: a call that would wait returns "nothing now" or throws the would-block type. */
    NONE,
    /** Up to a duration from the call's start, restarted by progress in calls of many steps. */
    UP_TO,
    /**
     * Until an instant of {@link System#nanoTime()}, never restarted: the defence against a slow
     * peer.
     */
    UNTIL
  }

  private static final Wait FOREVER = new Wait(Kind.FOREVER, 0);
  private static final Wait NONE = new Wait(Kind.NONE, 0);

  private final Kind kind;
  private final long nanos;

  private Wait(Kind kind, long nanos) {
    this.kind = kind;
    this.nanos = nanos;
  }

  /**
   * Waits without limit.
   *
   * @return the shared constant
   */
  public static Wait forever() {
    return FOREVER;
  }

  /**
   * Does not wait at all.
   *
   * @return the shared constant
   */
  public static Wait none() {
    return NONE;
  }

  /**
   * Waits up to a duration. In calls of many steps (reading a line, writing fully, flushing,
   * transferring) progress restarts the clock.
   *
   * @param limit zero or more; a duration beyond 292 years counts as that long
   * @return a wait with that limit
   * @throws IllegalArgumentException if {@code limit} is negative
   */
  public static Wait upTo(Duration limit) {
    Objects.requireNonNull(limit, "limit");
    if (limit.isNegative()) {
      throw new IllegalArgumentException("limit is " + limit + ", expected zero or more");
    }
    long nanos;
    try {
      nanos = limit.toNanos();
    } catch (ArithmeticException e) {
      nanos = Long.MAX_VALUE;
    }
    return new Wait(Kind.UP_TO, nanos);
  }

  /**
   * Waits up to so many milliseconds, as {@link #upTo(Duration)} does.
   *
   * @param limit milliseconds, zero or more
   * @return a wait with that limit
   * @throws IllegalArgumentException if {@code limit} is negative
   */
  public static Wait millis(long limit) {
    return upTo(Duration.ofMillis(limit));
  }

  /**
   * Waits until an instant, whatever progress is made.
   *
   * @param nanoTime an instant on the clock of {@link System#nanoTime()}; one in the past times out
   *     at once
   * @return a wait with that deadline
   */
  public static Wait until(long nanoTime) {
    return new Wait(Kind.UNTIL, nanoTime);
  }

  /**
   * Says which of the four ways this is.
   *
   * @return the kind
   */
  public Kind kind() {
    return kind;
  }

  /**
   * The number that goes with the kind.
   *
   * @return the duration in nanoseconds for {@link Kind#UP_TO}, the instant for {@link Kind#UNTIL},
   *     otherwise 0
   */
  public long nanos() {
    return nanos;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Wait that && kind == that.kind && nanos == that.nanos;
  }

  @Override
  public int hashCode() {
    return 31 * kind.hashCode() + Long.hashCode(nanos);
  }

  @Override
  public String toString() {
    return switch (kind) {
      case FOREVER -> "forever";
      case NONE -> "not at all";
      case UP_TO -> "up to " + Duration.ofNanos(nanos);
      case UNTIL -> "until nanoTime " + nanos;
    };
  }
}
