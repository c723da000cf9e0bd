// SPDX-License-Identifier: Apache-2.0
package io.penstock.remote.impl.component;

import io.penstock.remote.Connector;
import io.penstock.remote.impl.node.EntryWatcher;
import io.penstock.remote.spi.RemoteEntry;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Executor;
import org.osgi.framework.BundleContext;
import org.osgi.framework.ServiceFactory;
import org.osgi.framework.ServiceRegistration;

/**
 * A {@link Connector} for each entry that is imported, or the entry itself where another bundle
 * imports it. The thread of the node only leaves word: whoever waits for a service may take its
 * time, and the node must show signs of life meanwhile.
 */
final class ImportedServices implements EntryWatcher {
  private final BundleContext context;
  private final Set<String> names;
  private final Executor serial;
  // Only on the executor.
  private final Map<String, ServiceRegistration<?>> registered = new HashMap<>();

  ImportedServices(BundleContext context, Set<String> names, Executor serial) {
    this.context = context;
    this.names = names;
    this.serial = serial;
  }

  @Override
  public void added(RemoteEntry entry) {
    if (names.contains("*") || names.contains(entry.name())) {
      serial.execute(() -> register(entry));
    }
  }

  private void register(RemoteEntry entry) {
    ConnectorService service = new ConnectorService(entry);
    try {
      registered.put(
          entry.key(),
          entry.properties().containsKey(RemoteEntry.IMPORTER)
              ? context.registerService(RemoteEntry.class, entry, service.properties())
              : context.registerService(
                  Connector.class, (ServiceFactory<Connector>) service, service.properties()));
    } catch (IllegalStateException e) {
      // The bundle is stopping: nobody is to have it any more.
      return;
    }
  }

  @Override
  public void changed(RemoteEntry old, RemoteEntry entry) {
    // Another endpoint is another service: a bundle that has the old one connects to the old place.
    removed(old);
    added(entry);
  }

  @Override
  public void removed(RemoteEntry entry) {
    serial.execute(() -> unregister(entry));
  }

  private void unregister(RemoteEntry entry) {
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
