// SPDX-License-Identifier: Apache-2.0
package io.penstock.itests.support;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Dictionary;
import java.util.Hashtable;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.osgi.framework.BundleContext;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.service.cm.Configuration;
import org.osgi.service.cm.ConfigurationAdmin;

/** Configurations of one test; when it closes, they and all their services are gone. */
public final class Configurations implements AutoCloseable {

  private final ConfigurationAdmin admin;
  private final BundleContext context;
  private final List<Configuration> made = new ArrayList<>();
  private final Set<String> names = new TreeSet<>();

  /** Waits for Configuration Admin. */
  public Configurations(BundleContext context) {
    this.context = context;
    admin = Services.any(context, ConfigurationAdmin.class, "");
  }

  /** Makes {@code PID~NAME}, for whichever bundle takes it. */
  public Configuration create(String factoryPid, String name, Map<String, ?> values)
      throws IOException {
    Configuration configuration = admin.getFactoryConfiguration(factoryPid, name, "?");
    made.add(configuration);
    Object chosen = values.get("penstock.name");
    names.add(chosen == null ? name : chosen.toString());
    configuration.update(dictionary(values));
    return configuration;
  }

  /** Gives a configuration other values. */
  public static void update(Configuration configuration, Map<String, ?> values) throws IOException {
    configuration.update(dictionary(values));
  }

  /** All configurations that match a filter. */
  public List<Configuration> find(String filter) throws IOException, InvalidSyntaxException {
    Configuration[] found = admin.listConfigurations(filter);
    return found == null ? List.of() : List.of(found);
  }

  @Override
  public void close() throws IOException {
    for (Configuration each : made) {
      try {
        each.delete();
      } catch (IllegalStateException alreadyDeleted) {
        // The test deleted it.
      }
    }
    for (String name : names) {
      Services.awaitGone(context, name);
    }
  }

  private static Dictionary<String, Object> dictionary(Map<String, ?> values) {
    return new Hashtable<>(values);
  }
}
