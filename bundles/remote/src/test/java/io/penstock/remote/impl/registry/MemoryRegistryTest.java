// SPDX-License-Identifier: Apache-2.0
package io.penstock.remote.impl.registry;

import io.penstock.remote.spi.Registry;
import io.penstock.remote.spi.RegistryContract;
import io.penstock.remote.spi.RegistryListener;
import io.penstock.remote.spi.RegistrySettings;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/** The contract, by the registry within a process. */
class MemoryRegistryTest extends RegistryContract {
  private final String fabric = UUID.randomUUID().toString();

  @Override
  protected Registry open(String node, RegistryListener listener) {
    return new MemoryRegistryFactory()
        .open(
            node,
            new RegistrySettings(
                List.of("memory:" + fabric), Duration.ofSeconds(3), 1, Map.of(), Map.of()),
            listener);
  }

  @Override
  protected boolean cut(String node) {
    MemoryFabric.named(fabric).cut(node);
    return true;
  }

  @Override
  protected void restore(String node) {
    MemoryFabric.named(fabric).restore(node);
  }

  @Override
  protected void kill(String node, Registry registry) {
    MemoryFabric.named(fabric).kill(node);
  }
}
