// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.poller;

import org.jspecify.annotations.Nullable;

/** What a poller does, for operators. The thread with the turn to poll writes; any thread reads. */
public final class PollActivity {
  private final PollTurn turn;
  private volatile String label = "";
  private volatile long events;
  private volatile long busySince;

  PollActivity(PollTurn turn) {
    this.turn = turn;
  }

  /** Names what the poller polls for. */
  public void label(String value) {
    label = value;
  }

  /** What the poller polls for; empty if that was never said. */
  public String label() {
    return label;
  }

  /** How many events there have been. */
  public long events() {
    return events;
  }

  /** Since when handlers are called, by the parker's clock; 0 if none is. */
  public long busySince() {
    return busySince;
  }

  /** The thread that polls now; null if none does. */
  public @Nullable Thread thread() {
    return turn.owner();
  }

  /** The poller begins to call handlers. */
  void begin(long now) {
    busySince = now;
  }

  /** The poller has called its handlers. */
  @SuppressWarnings("NonAtomicVolatileUpdate") // one thread has the turn
  void end(int handled) {
    events += handled;
    busySince = 0;
  }
}
