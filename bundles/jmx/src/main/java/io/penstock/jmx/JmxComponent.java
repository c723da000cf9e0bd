// SPDX-License-Identifier: Apache-2.0
package io.penstock.jmx;

import io.penstock.metrics.PenstockMetrics;
import io.penstock.runtime.PenstockEvent;
import io.penstock.runtime.PenstockListener;
import io.penstock.spi.Messages;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.lang.management.ManagementFactory;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;

/**
 * Registers the beans in the platform's server. They are brought up to date when one is read, and a
 * second after an event, so that a thousand connections in a second cost one look.
 */
@Component(name = "io.penstock.Jmx", service = PenstockListener.class, immediate = true)
public final class JmxComponent implements PenstockListener {
  private static final Logger LOG = Messages.log("jmx");
  private static final long LATER_MILLIS = 1000;

  private final MeasuredBeans beans;
  private final AtomicBoolean pending = new AtomicBoolean();
  private final ScheduledExecutorService later;

  /**
   * Registers a bean for each object.
   *
   * @param metrics are read
   */
  @Activate
  public JmxComponent(@Reference PenstockMetrics metrics) {
    beans = new MeasuredBeans(metrics, ManagementFactory.getPlatformMBeanServer());
    later =
        Executors.newSingleThreadScheduledExecutor(
            task -> {
              Thread thread = new Thread(task, "penstock-jmx");
              thread.setDaemon(true);
              return thread;
            });
    beans.refresh();
  }

  @Override
  public void event(PenstockEvent event) {
    if (pending.compareAndSet(false, true)) {
      try {
        var unused = later.schedule(this::refresh, LATER_MILLIS, TimeUnit.MILLISECONDS);
      } catch (RejectedExecutionException stopped) {
        LOG.log(Level.DEBUG, "an event came while the beans were taken back", stopped);
      }
    }
  }

  private void refresh() {
    pending.set(false);
    try {
      beans.refresh();
    } catch (RuntimeException e) {
      // The next event or reader tries again.
      LOG.log(Level.WARNING, "the MBeans could not be brought up to date", e);
    }
  }

  /** Takes the beans back. */
  @Deactivate
  void deactivate() {
    later.shutdownNow();
    beans.close();
  }
}
