// SPDX-License-Identifier: Apache-2.0
package io.penstock.rsa;

import io.penstock.channel.Channel;
import io.penstock.channel.Endpoint;
import io.penstock.remote.BundleConnector;
import io.penstock.remote.Connector;
import io.penstock.remote.spi.RemoteEntry;
import java.util.Map;
import java.util.TreeMap;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;
import org.osgi.service.remoteserviceadmin.EndpointDescription;

/** Connectors, made of descriptions of endpoints. */
final class Imports {
  /** A property of a description: the key of the entry in the registry that has told it. */
  static final String PROVIDER = "penstock.provider";

  private Imports() {}

  /**
   * A connector for a bundle. What our registry has told is connected to by its name, so that its
   * channels end with it; what another discovery has told is connected to where it says.
   *
   * @throws IllegalArgumentException if the description is not one of a listener
   */
  static Connector connector(BundleContext user, EndpointDescription description) {
    Map<String, Object> properties = description.getProperties();
    Map<String, String> tags = new TreeMap<>();
    properties.forEach(
        (key, value) -> {
          if (key.startsWith(Connector.TAG)) {
            tags.put(key.substring(Connector.TAG.length()), value.toString());
          }
        });
    Object provider = properties.get(PROVIDER);
    String key = provider == null ? "unknown/0" : provider.toString();
    int slash = key.indexOf('/');
    // Its checks hold for what another discovery has told, too.
    RemoteEntry entry =
        new RemoteEntry(
            key.substring(0, Math.max(slash, 0)),
            Long.parseLong(key.substring(slash + 1)),
            String.valueOf(properties.get(Channel.NAME)),
            Endpoint.parse(String.valueOf(properties.get(Channel.ENDPOINT))),
            properties.get(Constants.SERVICE_RANKING) instanceof Integer rank ? rank : 0,
            tags,
            Map.of());
    return provider == null
        ? new BundleConnector(user, entry.name(), entry.endpoint(), tags)
        : new BundleConnector(user, entry);
  }
}
