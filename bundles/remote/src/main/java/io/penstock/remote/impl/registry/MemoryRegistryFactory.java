// SPDX-License-Identifier: Apache-2.0
package io.penstock.remote.impl.registry;

import io.penstock.remote.spi.Registry;
import io.penstock.remote.spi.RegistryFactory;
import io.penstock.remote.spi.RegistryListener;
import io.penstock.remote.spi.RegistrySettings;
import org.osgi.service.component.annotations.Component;

/**
 * A registry within this process, for tests: {@code memory:NAME}. All that are opened by one name,
 * by the same bundle or class loader, share it.
 */
@Component(service = RegistryFactory.class, property = RegistryFactory.SCHEME + "=memory")
public final class MemoryRegistryFactory implements RegistryFactory {
  /** For Declarative Services and {@link java.util.ServiceLoader}. */
  public MemoryRegistryFactory() {}

  @Override
  public String scheme() {
    return "memory";
  }

  @Override
  public Registry open(String node, RegistrySettings settings, RegistryListener listener) {
    if (settings.servers().size() != 1) {
      throw new IllegalArgumentException(
          "servers: " + settings.servers() + "; expected one memory:NAME");
    }
    String server = settings.servers().get(0);
    String name = server.startsWith("memory:") ? server.substring("memory:".length()) : server;
    return MemoryFabric.named(name).open(node, listener);
  }
}
