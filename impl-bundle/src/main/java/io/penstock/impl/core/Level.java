// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.core;

import io.penstock.error.WouldBlockException;
import io.penstock.impl.engine.Waiter;
import io.penstock.spi.Messages;
import io.penstock.stream.Signal;
import io.penstock.stream.Wait;
import io.penstock.stream.Watch;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;

/** A signal over the state of one end, or of several. */
class Level implements Signal {
  private static final System.Logger LOG = Messages.log("core");

  private final List<End> ends;
  // Those whose level the operating system changes, so that a selector must watch them. To watch
  // another one would be in vain, over and over: its channel is ready all the time.
  private final List<End> armed;
  private final BooleanSupplier level;

  /** A level that the operating system changes. */
  Level(End end, BooleanSupplier level) {
    this(List.of(end), List.of(end), level);
  }

  Level(List<End> ends, List<End> armed, BooleanSupplier level) {
    this.ends = ends;
    this.armed = armed;
    this.level = level;
  }

  /** A level that changes only here, where each change wakes the waiters. */
  static Level here(End end, BooleanSupplier level) {
    return new Level(List.of(end), List.of(), level);
  }

  @Override
  public boolean isSet() {
    return level.getAsBoolean();
  }

  @Override
  public void await(Wait wait) throws IOException {
    Objects.requireNonNull(wait, "wait");
    End first = ends.get(0);
    Limit limit = first.limit(wait);
    if (isSet()) {
      return;
    }
    // The first end does the parking; the others pass their changes on to it.
    Waiter relay = first::wake;
    ends.stream().skip(1).forEach(end -> end.addWaiter(relay));
    try {
      while (!isSet()) {
        for (End end : ends) {
          if (end.isClosed()) {
            // Closed since the look above, which may be what was waited for.
            if (isSet()) {
              return;
            }
            throw end.closedFault(true);
          }
        }
        if (!first.await(limit, 0, this::isSet, this::arm)) {
          throw new WouldBlockException(first.name(), "the signal is not set", 0);
        }
      }
    } finally {
      ends.stream().skip(1).forEach(end -> end.removeWaiter(relay));
    }
  }

  private void arm() {
    armed.forEach(End::armForTry);
  }

  @Override
  public Watch onSet(Executor executor, Runnable callback) {
    Watcher watcher =
        new Watcher(
            Objects.requireNonNull(executor, "executor"),
            Objects.requireNonNull(callback, "callback"));
    ends.forEach(end -> end.addWaiter(watcher));
    watcher.wake();
    return watcher;
  }

  @Override
  public Signal or(Signal... others) {
    List<Level> parts = new ArrayList<>();
    parts.add(this);
    for (Signal other : others) {
      if (!(other instanceof Level part)) {
        throw new IllegalArgumentException(
            "only signals of this product can be joined, not " + other);
      }
      parts.add(part);
    }
    return new Level(
        parts.stream().flatMap(part -> part.ends.stream()).distinct().toList(),
        parts.stream().flatMap(part -> part.armed.stream()).distinct().toList(),
        () -> parts.stream().anyMatch(Level::isSet));
  }

  /**
   * Told by an end whose state a try has just found to be clear. A class, because each call asks
   * whether a waiter is one, and Java searches to learn that an object has no such interface.
   */
  abstract static class Cleared implements Waiter {
    abstract void cleared(Level level);
  }

  private final class Watcher extends Cleared implements Watch {
    private final Executor executor;
    private final Runnable callback;
    private final Executor serial;
    private final ReentrantLock lock = new ReentrantLock();
    private boolean last;
    private long clearings;
    private volatile boolean done;

    Watcher(Executor executor, Runnable callback) {
      this.executor = executor;
      this.callback = callback;
      this.serial = ends.get(0).engine.serial();
    }

    @Override
    public void wake() {
      if (!done) {
        serial.execute(this::look);
      }
    }

    @Override
    void cleared(Level level) {
      if (level == Level.this || (ends.size() > 1 && !isSet())) {
        lock.lock();
        try {
          clearings++;
          last = false;
        } finally {
          lock.unlock();
        }
        // What came between the try and this is looked at here.
        wake();
      }
    }

    private void look() {
      if (done) {
        return;
      }
      boolean now;
      boolean changed;
      long before;
      do {
        before = clearings();
        now = isSet();
        lock.lock();
        try {
          // Had the level been found clear since, what we saw may be older than that.
          changed = clearings == before && now && !last;
          if (clearings == before) {
            last = now;
          }
        } finally {
          lock.unlock();
        }
      } while (!changed && clearings() != before);
      if (!now) {
        arm();
      } else if (changed) {
        try {
          executor.execute(this::call);
        } catch (RejectedExecutionException e) {
          LOG.log(
              System.Logger.Level.WARNING,
              ends.get(0).name() + ": the executor of a watcher refuses its callback",
              e);
        }
      }
    }

    private long clearings() {
      lock.lock();
      try {
        return clearings;
      } finally {
        lock.unlock();
      }
    }

    private void call() {
      if (done) {
        return;
      }
      try {
        callback.run();
      } catch (RuntimeException | Error e) {
        LOG.log(System.Logger.Level.ERROR, ends.get(0).name() + ": a watcher failed", e);
      }
    }

    @Override
    public void close() {
      done = true;
      ends.forEach(end -> end.removeWaiter(this));
    }
  }
}
