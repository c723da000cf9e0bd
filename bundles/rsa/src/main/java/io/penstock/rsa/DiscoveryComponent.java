// SPDX-License-Identifier: Apache-2.0
package io.penstock.rsa;

import io.penstock.channel.Channel;
import io.penstock.remote.Connector;
import io.penstock.remote.spi.Advertised;
import io.penstock.remote.spi.RemoteEntry;
import io.penstock.spi.LogField;
import io.penstock.spi.Messages;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.Dictionary;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.ServiceRegistration;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.remoteserviceadmin.EndpointDescription;
import org.osgi.service.remoteserviceadmin.EndpointEvent;
import org.osgi.service.remoteserviceadmin.EndpointEventListener;
import org.osgi.service.remoteserviceadmin.RemoteConstants;

/**
 * Tells the registry of {@code io.penstock.remote} what is exported here, and the topology manager
 * what the registry tells of others.
 */
@Component(
    name = "io.penstock.rsa.discovery",
    service = {},
    immediate = true)
public final class DiscoveryComponent implements EndpointEventListener {
  private static final Logger LOG = Messages.log("remote");

  private final BundleContext context;
  private final Map<String, ServiceRegistration<?>> published = new ConcurrentHashMap<>();
  private final Imported imported;
  private final ServiceRegistration<?> listening;

  /**
   * Begins with what is there.
   *
   * @param context of this bundle
   */
  @Activate
  public DiscoveryComponent(BundleContext context) {
    this.context = context;
    this.imported = new Imported(context);
    String scope =
        "(&(%s=%s)(%s=%s))"
            .formatted(
                RemoteConstants.ENDPOINT_FRAMEWORK_UUID,
                context.getProperty(Constants.FRAMEWORK_UUID),
                RemoteConstants.SERVICE_IMPORTED_CONFIGS,
                Exports.TYPE);
    this.listening =
        context.registerService(
            EndpointEventListener.class,
            this,
            FrameworkUtil.asDictionary(Map.of(ENDPOINT_LISTENER_SCOPE, scope)));
    imported.open();
  }

  /** Withdraws everything. */
  @Deactivate
  void deactivate() {
    listening.unregister();
    published.keySet().forEach(this::withdraw);
    imported.close();
  }

  @Override
  public void endpointChanged(EndpointEvent event, String filter) {
    EndpointDescription endpoint = event.getEndpoint();
    switch (event.getType()) {
      case EndpointEvent.ADDED, EndpointEvent.MODIFIED -> publish(endpoint);
      case EndpointEvent.REMOVED, EndpointEvent.MODIFIED_ENDMATCH -> withdraw(endpoint.getId());
      default -> LOG.log(Level.DEBUG, "an event of the type {0} is not known", event.getType());
    }
  }

  /** The registry publishes the services that ask for it; this is one. */
  private void publish(EndpointDescription endpoint) {
    Dictionary<String, Object> properties = FrameworkUtil.asDictionary(properties(endpoint));
    published.compute(
        endpoint.getId(),
        (id, before) -> {
          if (before == null) {
            return context.registerService(EndpointDescription.class, endpoint, properties);
          }
          before.setProperties(properties);
          return before;
        });
    LOG.log(
        Level.DEBUG,
        "exported {0}",
        LogField.endpoint(String.valueOf(endpoint.getProperties().get(Channel.ENDPOINT))));
  }

  private static Map<String, Object> properties(EndpointDescription endpoint) {
    Map<String, Object> told = endpoint.getProperties();
    Map<String, Object> properties = new HashMap<>();
    for (String key :
        new String[] {
          Channel.NAME,
          Channel.ENDPOINT,
          RemoteConstants.ENDPOINT_ID,
          RemoteConstants.ENDPOINT_FRAMEWORK_UUID,
          RemoteConstants.ENDPOINT_SERVICE_ID
        }) {
      properties.put(key, told.get(key));
    }
    properties.put(Advertised.REMOTE, "true");
    properties.put(Advertised.RANK, told.get(Constants.SERVICE_RANKING));
    properties.put(
        Advertised.TAGS,
        told.entrySet().stream()
            .filter(each -> each.getKey().startsWith(Connector.TAG))
            .map(each -> each.getKey().substring(Connector.TAG.length()) + "=" + each.getValue())
            .sorted()
            .collect(Collectors.joining(",")));
    properties.put(RemoteEntry.IMPORTER, Exports.IMPORTER);
    return properties;
  }

  private void withdraw(String id) {
    ServiceRegistration<?> gone = published.remove(id);
    if (gone != null) {
      try {
        gone.unregister();
      } catch (IllegalStateException e) {
        LOG.log(Level.DEBUG, "the framework has withdrawn {0}", id);
      }
    }
  }
}
