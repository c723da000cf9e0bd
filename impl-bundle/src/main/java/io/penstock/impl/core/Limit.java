// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.core;

import io.penstock.stream.Wait;
import org.jspecify.annotations.Nullable;

/**
 * The limit of one call: its own, or else the end's setting, which may change while the call waits.
 * The clock is first looked at when the call has to wait, because most calls never do.
 */
final class Limit {
  private final End end;
  private @Nullable Wait own;
  private long start;
  private boolean started;
  private boolean waited;

  Limit(@Nullable Wait own, End end) {
    this.own = own;
    this.end = end;
  }

  /** Makes it the limit of another call. */
  Limit reset(@Nullable Wait value) {
    own = value;
    started = false;
    waited = false;
    return this;
  }

  private Wait wait0() {
    Wait mine = own;
    return mine != null ? mine : end.setting();
  }

  boolean none() {
    return wait0().kind() == Wait.Kind.NONE;
  }

  private long now() {
    return end.engine.parker().nanoTime();
  }

  private long start() {
    if (!started) {
      started = true;
      start = now();
    }
    return start;
  }

  /** Nanoseconds left; {@link Long#MAX_VALUE} without limit; zero or less when it has passed. */
  long left() {
    Wait wait = wait0();
    long since = start();
    return switch (wait.kind()) {
      case FOREVER, NONE -> Long.MAX_VALUE;
      case UP_TO ->
          wait.nanos() == Long.MAX_VALUE ? Long.MAX_VALUE : wait.nanos() - (now() - since);
      case UNTIL -> wait.nanos() - now();
    };
  }

  /** The call has waited, if only for its turn. */
  void waited() {
    waited = true;
  }

  boolean hasWaited() {
    return waited;
  }

  /** A step of a call of many steps was made. */
  void progress() {
    started = false;
  }

  /** The same limit for a call on another end. */
  Wait rest() {
    Wait wait = wait0();
    if (wait.kind() != Wait.Kind.UP_TO || wait.nanos() == Long.MAX_VALUE) {
      return wait;
    }
    return Wait.until(start() + wait.nanos());
  }

  @Override
  public String toString() {
    return wait0().toString();
  }
}
