// SPDX-License-Identifier: Apache-2.0
package io.penstock.console;

import io.penstock.channel.Endpoint;
import io.penstock.spi.Messages;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.Arrays;
import java.util.Collections;
import java.util.Dictionary;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.service.cm.Configuration;
import org.osgi.service.cm.ConfigurationAdmin;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.metatype.AttributeDefinition;
import org.osgi.service.metatype.MetaTypeInformation;
import org.osgi.service.metatype.MetaTypeService;
import org.osgi.service.metatype.ObjectClassDefinition;

/** Options by Configuration Admin, and defaults by Metatype; there only where both are. */
@Component
public final class ConfiguredOptions implements KnownOptions {
  private static final Logger LOG = Messages.log("console");

  private static final Set<String> ENDPOINTS = Set.of("endpoint", "from", "to");

  /** As everywhere, a dot is for the component only; a command or a variable may have a secret. */
  private static final Pattern NOT_SHOWN =
      Pattern.compile("(?i)\\..*|env\\..*|exec|.*(password|passphrase|secret)");

  private final BundleContext context;
  private final ConfigurationAdmin configurations;
  private final MetaTypeService descriptions;

  /**
   * Activates the component.
   *
   * @param context knows the bundles that describe options
   * @param configurations knows those that are set
   * @param descriptions knows the others
   */
  @Activate
  public ConfiguredOptions(
      BundleContext context,
      @Reference ConfigurationAdmin configurations,
      @Reference MetaTypeService descriptions) {
    this.context = context;
    this.configurations = configurations;
    this.descriptions = descriptions;
  }

  @Override
  public List<Option> of(String pid, String name) {
    Configuration configuration = find(pid, name);
    if (configuration == null) {
      return List.of();
    }
    SortedMap<String, Option> options = new TreeMap<>(defaults(pid));
    Dictionary<String, Object> values = configuration.getProperties();
    for (String key : Collections.list(values.keys())) {
      if (text(values.get(key)).isEmpty()) {
        // An empty field of a form: the default holds.
        continue;
      }
      if (ENDPOINTS.contains(key)) {
        Endpoint endpoint = endpoint(String.valueOf(values.get(key)));
        // A command may have a secret in it.
        String text = endpoint == null ? "(not an endpoint)" : endpoint.anonymous().toString();
        options.put(key, new Option(key, text, configuration.getPid()));
        if (endpoint != null) {
          endpoint
              .options()
              .forEach(
                  (option, value) ->
                      options.put(
                          option,
                          new Option(
                              option, shown(option, value), configuration.getPid() + ", " + key)));
        }
      } else if (!key.startsWith("service.") && !key.startsWith("felix.")) {
        options.put(key, new Option(key, shown(key, values.get(key)), configuration.getPid()));
      }
    }
    return List.copyOf(options.values());
  }

  private static @Nullable Endpoint endpoint(String text) {
    try {
      return Endpoint.parse(text);
    } catch (IllegalArgumentException e) {
      LOG.log(Level.DEBUG, "a value that is refused where it is used", e);
      return null;
    }
  }

  private static String shown(String key, Object value) {
    if (NOT_SHOWN.matcher(key).matches()) {
      return "(not shown)";
    }
    return value instanceof Object[] several ? Arrays.toString(several) : String.valueOf(value);
  }

  private static String text(@Nullable Object value) {
    return value == null ? "" : value.toString().strip();
  }

  private @Nullable Configuration find(String pid, String name) {
    try {
      Configuration[] all = configurations.listConfigurations("(service.factoryPid=" + pid + ")");
      for (Configuration each : all == null ? new Configuration[0] : all) {
        String given = text(each.getProperties().get("penstock.name"));
        if (name.equals(given.isEmpty() ? each.getPid().substring(pid.length() + 1) : given)) {
          return each;
        }
      }
    } catch (IOException | InvalidSyntaxException e) {
      LOG.log(Level.WARNING, "the configurations of " + pid + " cannot be read", e);
    }
    return null;
  }

  private SortedMap<String, Option> defaults(String pid) {
    SortedMap<String, Option> defaults = new TreeMap<>();
    for (Bundle bundle : context.getBundles()) {
      MetaTypeInformation information = descriptions.getMetaTypeInformation(bundle);
      if (information != null && List.of(information.getFactoryPids()).contains(pid)) {
        AttributeDefinition[] all =
            information
                .getObjectClassDefinition(pid, null)
                .getAttributeDefinitions(ObjectClassDefinition.ALL);
        for (AttributeDefinition each : all) {
          String[] value = each.getDefaultValue();
          if (value != null && value.length > 0) {
            String text = String.join(", ", value);
            defaults.put(each.getID(), new Option(each.getID(), text, "the default"));
          }
        }
      }
    }
    return defaults;
  }
}
