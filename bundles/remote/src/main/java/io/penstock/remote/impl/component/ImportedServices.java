// SPDX-License-Identifier: Apache-2.0
package io.penstock.remote.impl.component;

import io.penstock.remote.Connector;
import io.penstock.remote.impl.node.EntryWatcher;
import io.penstock.remote.spi.RemoteEntry;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.osgi.framework.BundleContext;
import org.osgi.framework.ServiceFactory;
import org.osgi.framework.ServiceRegistration;

/** A {@link Connector} for each entry that is imported. Called by the thread of one node. */
final class ImportedServices implements EntryWatcher {
  private final BundleContext context;
  private final Set<String> names;
  private final Map<String, ServiceRegistration<?>> registered = new HashMap<>();

  ImportedServices(BundleContext context, Set<String> names) {
    this.context = context;
    this.names = names;
  }

  @Override
  public void added(RemoteEntry entry) {
    if (names.contains("*") || names.contains(entry.name())) {
      ConnectorService service = new ConnectorService(entry);
      registered.put(
          entry.key(),
          context.registerService(
              Connector.class, (ServiceFactory<Connector>) service, service.properties()));
    }
  }

  @Override
  public void changed(RemoteEntry old, RemoteEntry entry) {
    // Another endpoint is another service: who has the old one connects to the old place.
    removed(old);
    added(entry);
  }

  @Override
  public void removed(RemoteEntry entry) {
    ServiceRegistration<?> gone = registered.remove(entry.key());
    if (gone != null) {
      try {
        gone.unregister();
      } catch (IllegalStateException e) {
        // The bundle is stopping: the framework has done it.
        return;
      }
    }
  }
}
