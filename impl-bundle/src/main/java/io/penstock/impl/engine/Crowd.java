// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.engine;

import io.penstock.spi.Messages;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/** Says, once a minute at the most, that there are as many connections as there may be. */
public final class Crowd {
  private static final System.Logger LOG = Messages.log("core");
  private static final long QUIET_NANOS = Duration.ofMinutes(1).toNanos();

  private final Parker parker;
  private final AtomicBoolean told = new AtomicBoolean();
  private final AtomicLong toldAt = new AtomicLong();

  /** Has said nothing yet. */
  public Crowd(Parker parker) {
    this.parker = parker;
  }

  /** The place of the last connection is taken. */
  public void full(String name, int most) {
    long now = parker.nanoTime();
    long last = toldAt.get();
    if (told.get() && now - last < QUIET_NANOS) {
      return;
    }
    if (toldAt.compareAndSet(last, now)) {
      told.set(true);
      LOG.log(
          Level.WARNING,
          name
              + ": there are "
              + most
              + " connections, the most at once: further peers wait until one of these ends;"
              + " maxConnections allows another number");
    }
  }
}
