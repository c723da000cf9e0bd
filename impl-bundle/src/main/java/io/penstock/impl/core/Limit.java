// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.core;

import io.penstock.stream.Wait;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The limit of one call: its own, or else the end's setting, which may change while the call waits.
 */
final class Limit {
  private final @Nullable Wait own;
  private final Supplier<Wait> setting;
  private final Parker parker;
  private long start;
  private boolean waited;

  Limit(@Nullable Wait own, Supplier<Wait> setting, Parker parker) {
    this.own = own;
    this.setting = setting;
    this.parker = parker;
    this.start = parker.nanoTime();
  }

  private Wait wait0() {
    return own != null ? own : setting.get();
  }

  boolean none() {
    return wait0().kind() == Wait.Kind.NONE;
  }

  /** Nanoseconds left; {@link Long#MAX_VALUE} without limit; zero or less when it has passed. */
  long left() {
    Wait wait = wait0();
    return switch (wait.kind()) {
      case FOREVER, NONE -> Long.MAX_VALUE;
      case UP_TO ->
          wait.nanos() == Long.MAX_VALUE
              ? Long.MAX_VALUE
              : wait.nanos() - (parker.nanoTime() - start);
      case UNTIL -> wait.nanos() - parker.nanoTime();
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
    start = parker.nanoTime();
  }

  /** The same limit for a call on another end. */
  Wait rest() {
    Wait wait = wait0();
    if (wait.kind() != Wait.Kind.UP_TO || wait.nanos() == Long.MAX_VALUE) {
      return wait;
    }
    return Wait.until(start + wait.nanos());
  }

  @Override
  public String toString() {
    return wait0().toString();
  }
}
