// SPDX-License-Identifier: Apache-2.0
package io.penstock.metrics;

import io.penstock.runtime.PenstockRuntime;
import io.penstock.spi.Messages;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.List;
import java.util.Map;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Modified;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.metatype.annotations.Designate;

/** The metrics as a service. */
@Component(name = MetricsComponent.PID, configurationPid = MetricsComponent.PID)
@Designate(ocd = MetricsKeys.class)
public final class MetricsComponent implements PenstockMetrics {
  static final String PID = "io.penstock.Metrics.default";
  static final int DEFAULT = 100;

  private static final Logger LOG = Messages.log("metrics");

  private final PenstockRuntime runtime;
  private volatile int max;
  private volatile PenstockMetrics metrics;

  /**
   * Measures from now on.
   *
   * @param runtime tells what there is
   * @param properties the configuration; the default holds if it is refused
   */
  @Activate
  public MetricsComponent(@Reference PenstockRuntime runtime, Map<String, Object> properties) {
    this.runtime = runtime;
    this.max = read(properties, DEFAULT, "the default holds until it is corrected");
    this.metrics = PenstockMetrics.of(runtime, max);
  }

  private static int read(Map<String, Object> properties, int otherwise, String effect) {
    String value = String.valueOf(properties.getOrDefault("maxObjects", DEFAULT)).strip();
    try {
      return BoundedMetrics.max(value);
    } catch (IllegalArgumentException e) {
      LOG.log(Level.ERROR, PID + ": " + e.getMessage() + "; " + effect);
    }
    return otherwise;
  }

  /** Takes a changed value, or keeps the last good one. */
  @Modified
  void modified(Map<String, Object> properties) {
    int next = read(properties, max, "the last good value stays");
    if (next != max) {
      max = next;
      metrics = PenstockMetrics.of(runtime, next);
    }
  }

  @Override
  public List<MeasuredObject> objects() {
    return metrics.objects();
  }
}
