// SPDX-License-Identifier: Apache-2.0
package io.penstock.health;

import io.penstock.runtime.PenstockRuntime;
import io.penstock.spi.Messages;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.Dictionary;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.apache.felix.hc.api.HealthCheck;
import org.osgi.framework.BundleContext;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.ServiceRegistration;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Modified;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.metatype.annotations.Designate;

/** Registers the checks, and keeps their thresholds. */
@Component(
    name = HealthComponent.PID,
    service = {},
    immediate = true,
    configurationPid = HealthComponent.PID)
@Designate(ocd = HealthKeys.class)
public final class HealthComponent {
  static final String PID = "io.penstock.Health.default";

  private static final Logger LOG = Messages.log("health");

  private final Map<HealthSubject, ServiceRegistration<HealthCheck>> registered =
      new EnumMap<>(HealthSubject.class);
  private volatile Thresholds limits;

  /**
   * Registers a check for each subject.
   *
   * @param context of this bundle
   * @param runtime tells what there is
   * @param keys the configuration; the defaults hold if it is refused
   */
  @Activate
  public HealthComponent(
      BundleContext context, @Reference PenstockRuntime runtime, HealthKeys keys) {
    limits = read(keys, Thresholds.defaults(), "the defaults hold until it is corrected");
    for (HealthSubject subject : HealthSubject.values()) {
      registered.put(
          subject,
          context.registerService(
              HealthCheck.class,
              new RuntimeCheck(subject, runtime, () -> limits),
              properties(subject)));
    }
  }

  private static Thresholds read(HealthKeys keys, Thresholds otherwise, String effect) {
    try {
      return Thresholds.of(keys);
    } catch (IllegalArgumentException e) {
      LOG.log(Level.ERROR, PID + ": " + e.getMessage() + "; " + effect);
      return otherwise;
    }
  }

  private Dictionary<String, Object> properties(HealthSubject subject) {
    List<String> tags = new ArrayList<>(limits.tags());
    tags.add("penstock-" + subject.word());
    return FrameworkUtil.asDictionary(
        Map.of(
            HealthCheck.NAME,
            "Penstock " + subject.word(),
            HealthCheck.TAGS,
            tags.toArray(String[]::new)));
  }

  /** Takes changed values, or keeps the last good ones. */
  @Modified
  void modified(HealthKeys keys) {
    limits = read(keys, limits, "the last good values stay");
    registered.forEach((subject, check) -> check.setProperties(properties(subject)));
  }

  /** Takes the checks back. */
  @Deactivate
  void deactivate() {
    registered.values().forEach(ServiceRegistration::unregister);
  }
}
