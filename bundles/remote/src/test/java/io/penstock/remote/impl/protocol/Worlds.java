// SPDX-License-Identifier: Apache-2.0
package io.penstock.remote.impl.protocol;

import static io.penstock.remote.impl.protocol.Simulation.SECOND;

import io.penstock.remote.impl.protocol.Simulation.Size;
import java.util.List;

/** The worlds that are simulated. */
final class Worlds {
  /** Few containers, and messages are lost. */
  static final Size FEW = new Size(10, 6, 4, 40, 0.05, 3 * SECOND, false);

  /** None are lost, so all that is promised must be kept. */
  static final Size STRICT = new Size(10, 6, 4, 40, 0, SECOND, false);

  /** So long that what the dead have left is removed. */
  static final Size LONG = new Size(5, 3, 3, 240, 0.02, SECOND, false);

  /** Three servers that are split from each other now and then, and messages are lost. */
  static final Size SPLIT = new Size(12, 6, 4, 60, 0.03, 2 * SECOND, true);

  /** The same, and none are lost but by the splits. */
  static final Size SPLIT_STRICT = new Size(12, 6, 4, 60, 0, SECOND, true);

  /** Splits of more than a minute, after which what the dead have left is removed. */
  static final Size SPLIT_LONG = new Size(6, 3, 3, 300, 0, SECOND, true);

  /** As few, with a session that is as long. */
  static final Size SPLIT_SLOW = new Size(10, 6, 4, 40, 0.01, 3 * SECOND, true);

  static final List<Size> SHORT = List.of(FEW, STRICT);
  static final List<Size> SPLITS = List.of(SPLIT_STRICT, SPLIT);

  private Worlds() {}

  /** The same with hundreds of containers; fewer where the time is long. */
  static Size many(Size like) {
    return of(like.seconds() > 100 ? 40 : 200, like.seconds(), like);
  }

  /** The same with so many containers, of which each has the names of some others. */
  static Size of(int containers, int seconds, Size like) {
    return new Size(
        containers,
        containers * 2,
        Math.max(like.imports(), 10),
        seconds,
        like.drops(),
        like.session(),
        like.splits());
  }
}
