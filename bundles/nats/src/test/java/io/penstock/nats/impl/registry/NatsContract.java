// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats.impl.registry;

import io.penstock.nats.NatsRegistries;
import io.penstock.nats.support.NatsCluster;
import io.penstock.nats.support.Proxy;
import io.penstock.remote.spi.Registry;
import io.penstock.remote.spi.RegistryContract;
import io.penstock.remote.spi.RegistryListener;
import io.penstock.remote.spi.RegistrySettings;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** The contract, by the servers that a subclass starts. */
abstract class NatsContract extends RegistryContract {
  static NatsCluster cluster;

  private final Map<String, List<Proxy>> proxies = new HashMap<>();

  @AfterAll
  static void end() {
    if (cluster != null) {
      cluster.close();
    }
  }

  @BeforeEach
  void beginAlone() throws Exception {
    Ready.fresh(cluster);
  }

  @AfterEach
  void closeProxies() throws IOException {
    for (List<Proxy> each : proxies.values()) {
      for (Proxy proxy : each) {
        proxy.close();
      }
    }
  }

  @Override
  protected Registry open(String node, RegistryListener listener) {
    List<String> servers = new ArrayList<>();
    try {
      List<Proxy> mine = proxies.computeIfAbsent(node, any -> new ArrayList<>());
      for (int i = 0; i < cluster.size(); i++) {
        Proxy proxy = new Proxy(cluster.port(i));
        mine.add(proxy);
        servers.add("nats://127.0.0.1:" + proxy.port());
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return new NatsRegistries()
        .open(
            node,
            new RegistrySettings(
                servers, Duration.ofSeconds(3), cluster.size(), Map.of(), Map.of()),
            listener);
  }

  @Override
  protected boolean cut(String node) {
    try {
      for (Proxy each : proxies.getOrDefault(node, List.of())) {
        each.cut();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return true;
  }

  @Override
  protected void restore(String node) {
    proxies.getOrDefault(node, List.of()).forEach(Proxy::restore);
  }

  @Override
  protected void kill(String node, Registry registry) {
    // Its process goes, and with it its connection.
    cut(node);
  }
}
