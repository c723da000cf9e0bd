// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.poller;

import io.penstock.impl.engine.Parker;
import io.penstock.stream.Wait;

/** How long one poll may still wait. */
final class Deadline {
  private static final Deadline NEVER = new Deadline(Wait.forever(), Parker.SYSTEM);

  private final Wait wait;
  private final Parker clock;
  private final long start;

  /** One that begins now; nothing is made where there is no limit. */
  static Deadline of(Wait wait, Parker clock) {
    return wait.kind() == Wait.Kind.FOREVER ? NEVER : new Deadline(wait, clock);
  }

  private Deadline(Wait wait, Parker clock) {
    this.wait = wait;
    this.clock = clock;
    this.start = clock.nanoTime();
  }

  /** Nanoseconds left; {@link Long#MAX_VALUE} without limit; zero or less for no waiting. */
  long left() {
    return switch (wait.kind()) {
      case FOREVER -> Long.MAX_VALUE;
      case NONE -> 0;
      case UP_TO ->
          wait.nanos() == Long.MAX_VALUE
              ? Long.MAX_VALUE
              : wait.nanos() - (clock.nanoTime() - start);
      case UNTIL -> wait.nanos() - clock.nanoTime();
    };
  }
}
