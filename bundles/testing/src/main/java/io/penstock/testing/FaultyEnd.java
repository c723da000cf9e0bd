// SPDX-License-Identifier: Apache-2.0
package io.penstock.testing;

import io.penstock.spi.EndDriver;
import io.penstock.spi.ProviderContext;
import java.io.IOException;
import java.nio.channels.SelectableChannel;
import java.time.Duration;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/**
 * What both ends of a {@link FaultyDriver} have in common: while a fault holds them up, they are
 * not ready and nobody selects on the channel below, which may be ready all the time.
 */
abstract class FaultyEnd implements EndDriver {
  final FaultPlan plan;
  final FaultyDriver connection;
  final ProviderContext context;
  private final EndDriver below;
  private volatile boolean held;
  private volatile boolean worthwhile;
  private volatile @Nullable Future<?> timer;
  private volatile Runnable callback = () -> {};

  FaultyEnd(EndDriver below, FaultPlan plan, FaultyDriver connection, ProviderContext context) {
    this.below = below;
    this.plan = plan;
    this.connection = connection;
    this.context = context;
  }

  /** What this try meets; what it has to wait for is seen to. */
  FaultPlan.Step step() {
    worthwhile = false;
    if (connection.wasReset()) {
      return FaultPlan.Step.RESET;
    }
    if (held) {
      return FaultPlan.Step.WAIT;
    }
    FaultPlan.Step step = plan.next();
    switch (step) {
      case WAIT -> hold(plan.delay());
      case REFUSE -> hold(Duration.ZERO);
      default -> {}
    }
    return step;
  }

  private void hold(Duration delay) {
    held = true;
    timer = context.after(delay, this::wake);
  }

  /** Another try is worthwhile. */
  void wake() {
    // Before the end of this delay is told, because a try may then begin the next one.
    Future<?> over = timer;
    if (over != null) {
      over.cancel(false);
    }
    worthwhile = true;
    held = false;
    callback.run();
  }

  void resume() {
    if (plan.resume()) {
      wake();
    }
  }

  /** A try is made without a step of the plan. */
  final void tried() {
    worthwhile = false;
  }

  /** Whether a try fails, or ends the stream, whatever the channel below has. */
  boolean decided() {
    return plan.due() != FaultPlan.Step.GO;
  }

  /** Whether a try would be refused by us. */
  final boolean stalled() {
    return held || plan.due() == FaultPlan.Step.STALL;
  }

  @Override
  public boolean ready() {
    if (connection.wasReset()) {
      return true;
    }
    return !stalled() && (worthwhile || decided() || below.ready());
  }

  @Override
  public void onReady(Runnable ready) {
    callback = ready;
    below.onReady(ready);
  }

  @Override
  public @Nullable SelectableChannel selectable() {
    return stalled() ? null : below.selectable();
  }

  @Override
  public int interest() {
    return stalled() ? 0 : below.interest();
  }

  @Override
  public void close() throws IOException {
    below.close();
  }

  final String name() {
    return context.name();
  }
}
