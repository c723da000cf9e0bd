// SPDX-License-Identifier: Apache-2.0
package io.penstock.micrometer;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.penstock.metrics.PenstockMetrics;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;

/** The meters as a service. */
@Component(name = "io.penstock.Meters")
public final class MetersComponent implements MeterBinder {
  private final PenstockMeters meters;

  /**
   * Binds nothing yet.
   *
   * @param metrics are read
   */
  @Activate
  public MetersComponent(@Reference PenstockMetrics metrics) {
    meters = new PenstockMeters(metrics);
  }

  @Override
  public void bindTo(MeterRegistry registry) {
    meters.bindTo(registry);
  }

  /** Takes the meters back. */
  @Deactivate
  void deactivate() {
    meters.close();
  }
}
