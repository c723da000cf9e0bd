// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.core;

import io.penstock.impl.engine.Waiter;
import java.time.Duration;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Lets a source find its end, or the failure of its transport, without a reader.
 *
 * <p>Bytes that have come are read ahead, as far as {@link SourceEnd#readAhead} goes, and the next
 * reader reads them from there. While bytes come and go there are at most ten looks a second, so
 * that a reader loses little. While nothing comes, there is only the selector's wait.
 */
final class EndWatch implements Waiter {
  private static final Duration PAUSE = Duration.ofMillis(100);

  private enum State {
    /** The next change is followed by a look. */
    WAITING,
    /** A look comes. */
    COMING,
    /** The next look comes after a reader has left. */
    READER,
    OVER
  }

  private final SourceEnd source;
  private final Executor serial;
  private final AtomicReference<State> state = new AtomicReference<>(State.WAITING);

  /** Whether a reader has left since the look that is under way began. */
  private volatile boolean missed;

  EndWatch(SourceEnd source) {
    this.source = source;
    this.serial = source.engine.serial();
  }

  @Override
  public void wake() {
    if (state.compareAndSet(State.WAITING, State.COMING)) {
      serial.execute(this::look);
    }
  }

  /** A reader is about to pass on the turn. */
  void left() {
    State now = state.get();
    if (now == State.COMING && !missed) {
      missed = true;
      now = state.get();
    }
    if (now == State.READER && state.compareAndSet(State.READER, State.COMING)) {
      later();
    }
  }

  private void later() {
    Future<?> unused = source.engine.schedule(PAUSE, () -> serial.execute(this::look));
  }

  private void over() {
    state.set(State.OVER);
    source.removeWaiter(this);
  }

  private void look() {
    if (source.isClosed() || source.failure() != null || source.isMet() || source.absent()) {
      over();
      return;
    }
    missed = false;
    if (!source.turn().tryEnter()) {
      // A reader that waits for bytes finds the end itself. A reader that does not wait will leave
      // soon.
      if (source.isStill()) {
        awaitRelease();
      } else if (source.asleep()) {
        awaitReader();
      } else {
        later();
      }
      return;
    }
    DrivenSource.Ahead found;
    try {
      found = source.readAhead();
    } finally {
      source.passTurn();
    }
    switch (found) {
      case NOTHING -> awaitChange();
      case BYTES -> later();
      case ENOUGH -> awaitReader();
      case OVER -> over();
    }
  }

  private void awaitReader() {
    state.set(State.READER);
    if (missed) {
      left();
    }
  }

  /** An operator holds the source, and wakes us when that is over. */
  private void awaitRelease() {
    state.set(State.WAITING);
    if (!source.isStill() && state.compareAndSet(State.WAITING, State.COMING)) {
      later();
    }
  }

  private void awaitChange() {
    state.set(State.WAITING);
    if (!source.likely()) {
      source.arm();
    } else if (state.compareAndSet(State.WAITING, State.COMING)) {
      // Something has come between the look and that line.
      later();
    }
  }
}
