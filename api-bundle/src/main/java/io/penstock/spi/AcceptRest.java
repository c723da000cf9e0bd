// SPDX-License-Identifier: Apache-2.0
package io.penstock.spi;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ProviderType;

/**
 * The rests of code that accepts peers. After a fault, such as a want of descriptors, the peer is
 * still there and would be found over and over. So accepting rests for a while, longer each time,
 * and the log has one line about it in a minute. Loggers open files, too, so a descriptor can be
 * kept for that line.
 *
 * <p>For one thread at a time, except {@link #release} and {@link #close}.
 */
@ProviderType
public final class AcceptRest implements AutoCloseable {
  private static final System.Logger LOG = Messages.log("spi");
  private static final Duration FIRST = Duration.ofMillis(10);
  private static final Duration LONGEST = Duration.ofSeconds(1);
  private static final long QUIET_NANOS = Duration.ofMinutes(1).toNanos();
  private static final AtomicBoolean WARM = new AtomicBoolean();

  private final LongSupplier nanoTime;
  private final AtomicReference<@Nullable SocketChannel> spare = new AtomicReference<>();
  private volatile boolean closed;
  private boolean reserves;
  private Duration pause = FIRST;
  private boolean told;
  private long toldAt;

  /** Makes one with the system's clock. */
  public AcceptRest() {
    this(System::nanoTime);
  }

  /**
   * Makes one with another clock.
   *
   * @param nanoTime tells the time, as {@link System#nanoTime} does
   */
  public AcceptRest(LongSupplier nanoTime) {
    this.nanoTime = nanoTime;
  }

  /**
   * Accepting has failed.
   *
   * @return how long accepting must rest: from 10 ms to a second, twice as long each time
   */
  public Duration next() {
    Duration now = pause;
    Duration twice = now.multipliedBy(2);
    pause = twice.compareTo(LONGEST) > 0 ? LONGEST : twice;
    return now;
  }

  /** Accepting has not failed: the next rest is a short one again. */
  public void over() {
    pause = FIRST;
  }

  /**
   * Logs a line, unless one was logged within a minute. If the logger fails, for example for want
   * of memory, the line counts as not logged; there is no place to report that.
   *
   * @param line logs it
   */
  public void tell(Runnable line) {
    long now = nanoTime.getAsLong();
    if (told && now - toldAt <= QUIET_NANOS) {
      return;
    }
    toldAt = now;
    release();
    try {
      line.run();
      told = true;
    } catch (RuntimeException | Error e) {
      told = false;
    } finally {
      if (reserves) {
        reserve();
      }
    }
  }

  /** Keeps a descriptor for the moment when there are no others. */
  public void reserve() {
    reserves = true;
    try {
      if (!WARM.getAndSet(true)) {
        // The JDK opens a pair of sockets when it closes one for the first time. If it cannot, it
        // never closes any again.
        SocketChannel.open().close();
      }
      close(spare.getAndSet(SocketChannel.open()));
      if (closed) {
        release();
      }
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "there is no descriptor to spare", e);
    }
  }

  /** Gives the descriptor back to the system, for a line that other code logs. Any thread. */
  public void release() {
    close(spare.getAndSet(null));
  }

  /** Whether a descriptor is kept. */
  boolean reserved() {
    return spare.get() != null;
  }

  private static void close(@Nullable SocketChannel kept) {
    if (kept != null) {
      try {
        kept.close();
      } catch (IOException e) {
        LOG.log(Level.DEBUG, "a spare descriptor could not be closed", e);
      }
    }
  }

  /** Stops keeping a descriptor. Any thread; idempotent. */
  @Override
  public void close() {
    closed = true;
    release();
  }
}
