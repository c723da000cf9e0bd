// SPDX-License-Identifier: Apache-2.0
package io.penstock.remote.impl.protocol;

import io.penstock.channel.Endpoint;
import io.penstock.remote.spi.RemoteEntry;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** What a container of a simulation publishes, in truth. */
final class Publications {
  private final SimulatedContainer self;
  private final Simulation world;
  private final Map<String, RemoteEntry> published = new TreeMap<>();
  private final Map<String, Long> offeredAt = new HashMap<>();
  private long ids;

  Publications(SimulatedContainer self, Simulation world) {
    this.self = self;
    this.world = world;
  }

  Collection<RemoteEntry> all() {
    return published.values();
  }

  /** Since when it has been published with the content that it has. */
  long offeredAt(RemoteEntry entry) {
    return offeredAt.get(entry.key());
  }

  void publishSome() {
    for (int i = world.random.nextInt(3); i >= 0; i--) {
      publish(world.anyName());
    }
  }

  void publish(String name) {
    offer(entry(ids++, name));
  }

  void withdrawOne() {
    for (RemoteEntry first : List.copyOf(published.values()).subList(0, few())) {
      published.remove(first.key());
      self.exports.withdraw(first.key(), self.clock());
    }
  }

  void changeOne() {
    for (RemoteEntry first : List.copyOf(published.values()).subList(0, few())) {
      offer(entry(first.id(), first.name()));
    }
  }

  /** Another container removes one, such as one that has found this one silent for long. */
  void loseOne() {
    for (RemoteEntry first : List.copyOf(published.values()).subList(0, few())) {
      world.registry.erase(first.key());
    }
  }

  private int few() {
    return Math.min(1, published.size());
  }

  private RemoteEntry entry(long id, String name) {
    return new RemoteEntry(
        self.node,
        id,
        name,
        Endpoint.tcp("h" + world.random.nextInt(1000), 1),
        world.random.nextInt(4),
        Map.of(),
        Map.of());
  }

  private void offer(RemoteEntry entry) {
    published.put(entry.key(), entry);
    offeredAt.put(entry.key(), world.now());
    self.exports.publish(entry, self.clock());
    self.plan();
  }
}
