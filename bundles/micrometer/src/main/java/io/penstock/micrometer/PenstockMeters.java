// SPDX-License-Identifier: Apache-2.0
package io.penstock.micrometer;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.penstock.metrics.PenstockMetrics;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import org.osgi.annotation.versioning.ProviderType;

/**
 * The metrics as meters. In OSGi it is there as a service {@code MeterBinder}, which takes its
 * meters back when its bundle stops; without OSGi its caller makes and closes it. Safe for use by
 * any thread.
 *
 * <p>A meter has the name of its metric and the tag {@code penstock.TYPE.name}, such as {@code
 * penstock.pipe.name}; base units are those of Micrometer: {@code bytes} for {@code By}, {@code
 * seconds} for {@code s}, and none for what is counted in pieces.
 *
 * <p>Whoever reads a meter makes a new look, at most two a second. An object that has come since
 * the last look has its meters from then on; those of objects that have gone are removed.
 */
@ProviderType
public final class PenstockMeters implements MeterBinder, AutoCloseable {
  private final PenstockMetrics metrics;
  private final ReentrantLock lock = new ReentrantLock();
  // Guarded by the lock.
  private final List<BoundMeters> bound = new ArrayList<>();
  private boolean closed;

  /**
   * Makes a binder, which reads nothing yet.
   *
   * @param metrics are read
   */
  public PenstockMeters(PenstockMetrics metrics) {
    this.metrics = metrics;
  }

  /**
   * Adds the meters of what there is, and keeps them true until the registry or this is closed.
   * After {@link #close()} it does nothing.
   *
   * @param registry takes the meters
   */
  @Override
  public void bindTo(MeterRegistry registry) {
    BoundMeters meters = new BoundMeters(metrics, registry);
    lock.lock();
    try {
      if (closed) {
        return;
      }
      bound.removeIf(BoundMeters::isClosed);
      bound.add(meters);
    } finally {
      lock.unlock();
    }
    // A close from here on closes these as well, and then they register nothing more.
    meters.refresh();
  }

  /** Removes the meters from all registries, and takes no registry any more. Idempotent. */
  @Override
  public void close() {
    List<BoundMeters> all;
    lock.lock();
    try {
      closed = true;
      all = List.copyOf(bound);
      bound.clear();
    } finally {
      lock.unlock();
    }
    all.forEach(BoundMeters::close);
  }
}
