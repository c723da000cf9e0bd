// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.engine;

import io.penstock.spi.Messages;
import java.io.IOException;
import java.nio.channels.SelectableChannel;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The few selectors of threads that wait for themselves. Each is made when none is to spare; when
 * all are in use, further threads are parked and woken by the reactor.
 */
public final class Lookouts {
  static final System.Logger LOG = Messages.log("core");

  /** How many there are at most; each has two descriptors. */
  static final int MAX = 32;

  /** How long an end keeps one that it does not use, so that busy ends do not rob each other. */
  private static final long KEEP_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final AtomicReferenceArray<@Nullable Lookout> all = new AtomicReferenceArray<>(MAX);
  private final LongSupplier clock;
  private final Canary canary;
  private volatile boolean closed;

  /**
   * None yet.
   *
   * @param clock the time in nanoseconds
   * @param canary opens and checks the selectors
   */
  Lookouts(LongSupplier clock, Canary canary) {
    this.clock = clock;
    this.canary = canary;
  }

  /**
   * Takes one that watches an end's channel.
   *
   * @param last the one that this end had the last time
   * @return null if there is none to be had
   */
  public @Nullable Lookout take(
      Watched end, @Nullable Lookout last, SelectableChannel channel, int operations) {
    Lookout mine = last != null && last.isOf(end) && last.take() ? last : spare();
    if (mine == null) {
      return null;
    }
    try {
      mine.watch(end, channel, operations);
      return mine;
    } catch (IOException | RuntimeException e) {
      // Closed meanwhile, which the try that follows tells.
      LOG.log(System.Logger.Level.DEBUG, "{0}: cannot be waited for", end.name(), e);
      mine.free(clock.getAsLong());
      return null;
    }
  }

  private @Nullable Lookout spare() {
    long now = clock.getAsLong();
    for (int i = 0; i < MAX && !closed; i++) {
      Lookout one = all.get(i);
      if (one == null) {
        return open(i);
      }
      if (one.isSpare(now, KEEP_NANOS) && one.take()) {
        return one;
      }
    }
    return null;
  }

  private @Nullable Lookout open(int at) {
    Lookout fresh;
    try {
      fresh = new Lookout(canary);
    } catch (IOException e) {
      // There are no descriptors left; the reactor needs none.
      LOG.log(System.Logger.Level.DEBUG, "a thread waits by the reactor", e);
      return null;
    }
    if (all.compareAndSet(at, null, fresh)) {
      if (closed) {
        fresh.close();
        return null;
      }
      return fresh;
    }
    fresh.close();
    return null;
  }

  /** Lets go of channels that were closed. */
  void flush() {
    for (int i = 0; i < MAX; i++) {
      Lookout one = all.get(i);
      if (one == null) {
        return;
      }
      one.flush();
    }
  }

  void close() {
    closed = true;
    for (int i = 0; i < MAX; i++) {
      Lookout one = all.getAndSet(i, null);
      if (one != null) {
        one.close();
      }
    }
  }
}
