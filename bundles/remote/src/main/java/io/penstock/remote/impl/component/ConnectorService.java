// SPDX-License-Identifier: Apache-2.0
package io.penstock.remote.impl.component;

import io.penstock.channel.Channel;
import io.penstock.remote.BundleConnector;
import io.penstock.remote.Connector;
import io.penstock.remote.spi.RemoteEntry;
import java.util.Dictionary;
import java.util.HashMap;
import java.util.Map;
import org.osgi.framework.Bundle;
import org.osgi.framework.Constants;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.ServiceFactory;
import org.osgi.framework.ServiceRegistration;

/** The service of one entry: each bundle gets one whose channels are its own. */
record ConnectorService(RemoteEntry entry) implements ServiceFactory<Connector> {
  /** Its service properties. */
  Dictionary<String, Object> properties() {
    Map<String, Object> properties = new HashMap<>();
    entry.tags().forEach((key, value) -> properties.put(Connector.TAG + key, value));
    properties.put(Channel.NAME, entry.name());
    properties.put(Channel.KIND, entry.endpoint().scheme());
    properties.put(Channel.ENDPOINT, entry.endpoint().anonymous().toString());
    properties.put(Connector.NODE, entry.node());
    String importer = entry.properties().get(RemoteEntry.IMPORTER);
    if (importer != null) {
      properties.put(RemoteEntry.IMPORTER, importer);
    }
    properties.put(Constants.SERVICE_RANKING, entry.rank());
    return FrameworkUtil.asDictionary(properties);
  }

  @Override
  public Connector getService(Bundle bundle, ServiceRegistration<Connector> registration) {
    return new BundleConnector(bundle.getBundleContext(), entry);
  }

  @Override
  public void ungetService(
      Bundle bundle, ServiceRegistration<Connector> registration, Connector service) {
    ((BundleConnector) service).close();
  }
}
