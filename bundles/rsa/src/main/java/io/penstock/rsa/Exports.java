// SPDX-License-Identifier: Apache-2.0
package io.penstock.rsa;

import io.penstock.channel.Channel;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Listener;
import io.penstock.remote.Connector;
import io.penstock.remote.spi.Advertised;
import io.penstock.remote.spi.RemoteEntry;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.osgi.framework.Constants;
import org.osgi.service.remoteserviceadmin.EndpointDescription;
import org.osgi.service.remoteserviceadmin.RemoteConstants;

/** Descriptions of endpoints, made of services and of entries. */
final class Exports {
  /** The configuration type of Remote Services. */
  static final String TYPE = "io.penstock";

  /** The bundle that imports what this one publishes. */
  static final String IMPORTER = "io.penstock.rsa";

  private Exports() {}

  /**
   * The description of an exported listener: others get a {@link Connector} for it, because nobody
   * can accept in another container.
   *
   * @param properties of the service, with what Aries has added
   * @throws IllegalArgumentException if it cannot be connected to from elsewhere
   */
  static EndpointDescription describe(Map<String, Object> properties) {
    Endpoint reached =
        Advertised.endpoint(
            Endpoint.parse(String.valueOf(properties.get(Channel.ENDPOINT))), properties);
    int rank = Advertised.rank(properties);
    return describe(
        String.valueOf(properties.get(Channel.NAME)),
        reached,
        rank,
        Advertised.tags(properties),
        Map.of(
            RemoteConstants.ENDPOINT_ID,
            "%s:%s/%s"
                .formatted(
                    TYPE,
                    properties.get(RemoteConstants.ENDPOINT_FRAMEWORK_UUID),
                    properties.get(RemoteConstants.ENDPOINT_SERVICE_ID)),
            RemoteConstants.ENDPOINT_FRAMEWORK_UUID,
            properties.get(RemoteConstants.ENDPOINT_FRAMEWORK_UUID),
            RemoteConstants.ENDPOINT_SERVICE_ID,
            properties.get(RemoteConstants.ENDPOINT_SERVICE_ID)));
  }

  /** The description of an endpoint that the registry has told. */
  static EndpointDescription describe(RemoteEntry entry) {
    return describe(
        entry.name(),
        entry.endpoint(),
        entry.rank(),
        entry.tags(),
        Map.of(
            RemoteConstants.ENDPOINT_ID,
            // Not the one that the entry tells, which another entry may tell, too.
            TYPE + ":" + entry.key(),
            RemoteConstants.ENDPOINT_FRAMEWORK_UUID,
            entry.properties().getOrDefault(RemoteConstants.ENDPOINT_FRAMEWORK_UUID, entry.node()),
            Connector.NODE,
            entry.node(),
            Imports.PROVIDER,
            entry.key()));
  }

  private static EndpointDescription describe(
      String name,
      Endpoint endpoint,
      int rank,
      Map<String, String> tags,
      Map<String, Object> identity) {
    Map<String, Object> all = new TreeMap<>(identity);
    tags.forEach((key, value) -> all.put(Connector.TAG + key, value));
    all.put(Constants.OBJECTCLASS, new String[] {Connector.class.getName()});
    all.put(Constants.SERVICE_RANKING, rank);
    // A consumer may ask for remote services alone; the topology manager compares with this.
    all.put(RemoteConstants.SERVICE_IMPORTED, "true");
    all.put(RemoteConstants.SERVICE_IMPORTED_CONFIGS, List.of(TYPE));
    all.put(Channel.NAME, name);
    all.put(Channel.KIND, endpoint.scheme());
    all.put(Channel.ENDPOINT, endpoint.anonymous().toString());
    return new EndpointDescription(all);
  }

  /** Whether a service with these types can be exported by this bundle. */
  static boolean isListener(Class<?>[] types) {
    return List.of(types).contains(Listener.class);
  }
}
