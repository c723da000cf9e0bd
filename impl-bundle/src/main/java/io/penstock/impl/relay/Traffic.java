// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.relay;

import java.util.concurrent.atomic.LongAdder;

/** What went one way through a relay, over all of its connections so far. */
final class Traffic {
  /** Bytes. */
  final LongAdder bytes = new LongAdder();

  /** How often the system has given a larger send buffer. */
  final LongAdder grown = new LongAdder();
}
