// SPDX-License-Identifier: Apache-2.0
package io.penstock.rsa;

import io.penstock.remote.Connector;
import java.util.Arrays;
import java.util.Map;
import org.apache.aries.rsa.spi.DistributionProvider;
import org.apache.aries.rsa.spi.Endpoint;
import org.apache.aries.rsa.spi.IntentUnsatisfiedException;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.BundleContext;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.remoteserviceadmin.EndpointDescription;

/**
 * Exports listeners, and imports connectors to them. It opens nothing: a listener is bound already,
 * and a connector uses the channels of the bundle that has it.
 */
@Component(
    name = "io.penstock.rsa.distribution",
    service = DistributionProvider.class,
    property = "remote.configs.supported=" + Exports.TYPE)
public final class DistributionComponent implements DistributionProvider {
  /** Nothing is exported. */
  @Activate
  public DistributionComponent() {}

  @Override
  public String[] getSupportedTypes() {
    return new String[] {Exports.TYPE};
  }

  /** Null for what is no listener: another provider may take it. */
  @Override
  public @Nullable Endpoint exportService(
      Object service,
      BundleContext owner,
      Map<String, Object> properties,
      @SuppressWarnings("rawtypes") Class[] types) {
    if (!Exports.isListener(types)) {
      return null;
    }
    EndpointDescription description = Exports.describe(properties);
    return new Endpoint() {
      @Override
      public EndpointDescription description() {
        return description;
      }

      @Override
      public void close() {
        // The listener goes on: it is its configuration's.
      }
    };
  }

  @Override
  public Object importEndpoint(
      ClassLoader loader,
      BundleContext user,
      @SuppressWarnings("rawtypes") Class[] types,
      EndpointDescription description) {
    if (!Arrays.asList(types).contains(Connector.class)) {
      throw new IntentUnsatisfiedException(
          "only " + Connector.class.getName() + " can be imported from " + description.getId());
    }
    return Imports.connector(user, description);
  }
}
